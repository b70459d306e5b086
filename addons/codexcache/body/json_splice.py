"""A JSON body: its parse, the positions of its members, and edits that leave every other byte alone.

orjson may read a body but must not write it: it would change big integers, floats, escapes, white space and repeated
members. So the text is never serialised again. `parse` returns its meaning, `find_members` the offsets of its top-level
members, and `edited` joins the unchanged slices of the text with the edited members.

`find_members` expects text that `parse` has accepted: it looks for the ends of values, not for mistakes. No text takes
it longer than a few parses.
"""

import json
import re
from collections.abc import Buffer, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, NoReturn, TypeGuard

import orjson

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Object = dict[str, Json]

_COUNT_LIMIT = 1 << 53
"""Integers below are exact in any JSON reader; OpenTelemetry takes 63 bits."""

_LONGEST_INTEGER = 20
"""Characters of the longest 64-bit integer."""

_MAX_MEMBERS = 10_000
"""Top-level members that are looked for; a request has some twenty."""

_WHITE = rb"[ \t\n\r]*+"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_SCALAR = rb"[^ \t\n\r,{}\[\]]++"
_NEXT_NAME = re.compile(_WHITE + rb",?" + _WHITE + rb"(" + _STRING + rb")" + _WHITE + rb":" + _WHITE, re.DOTALL)
_STRING_OR_SCALAR = re.compile(_STRING + rb"|" + _SCALAR, re.DOTALL)
_OBJECT_START = re.compile(_WHITE + rb"\{")

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)  # only offsets are wanted, and `int` refuses long numbers


class Unreadable(ValueError):
    """A body that is not a JSON object; the text is fit for a log."""


class Member(NamedTuple):
    """A top-level member: its name, decoded, and the offsets in bytes of its name, of its value, and of its end."""

    name: str
    start: int
    value: int
    end: int


def parse(text: bytes) -> Object:
    """Return the object that `text` represents. Raises Unreadable for anything but one JSON object in UTF-8.

    A lone surrogate escape is accepted: JavaScript clients send one if they cut a string in the middle of an emoji.
    """
    document = parse_value(text)
    if not isinstance(document, dict):
        raise Unreadable("it is not a JSON object")
    return document


def parse_value(text: bytes) -> Json:
    """Return what `text` represents, as `parse` does, if it is no object as well. Raises Unreadable."""
    try:
        document: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        document = _parse_leniently(text, error)
    return document


def is_count(value: Json) -> TypeGuard[int]:
    """Return True for an int in [0, 2**53), such as a number of tokens. Rejects bool."""
    return type(value) is int and 0 <= value < _COUNT_LIMIT


def as_text(value: Json) -> str:
    """Return the value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def as_list(value: Json) -> list[Json]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_count(value: Json) -> int | None:
    """Return a number of tokens, say, and None for anything else."""
    return value if is_count(value) else None


def find_members(text: bytes, document: Object) -> list[Member]:
    """Return the top-level members of `text`, in order; `document` is the parse of `text`.

    Most clients write JSON without white space, as orjson does. So each value is first compared with orjson's spelling
    of it. Only if that differs are its brackets followed, by another parse.

    Raises Unreadable if there are more members, or levels, than can be followed in reasonable time.
    """
    members = list(islice(_walk_members(text, document), _MAX_MEMBERS + 1))
    if len(members) > _MAX_MEMBERS:
        raise Unreadable(f"it has more than {_MAX_MEMBERS:,} members")
    return members


def edited(text: bytes, members: Sequence[Member], *, drop: Collection[str] = (), put: Mapping[str, str]) -> bytes:
    """Return `text` without the members named in `drop` and with the strings in `put`; `members` are those of `text`.

    An existing member keeps its position, and each repetition of it gets the value; a missing one is appended. Nothing
    else changes: the comma and the white space before a dropped member are dropped with it.
    """
    view, at, parts = memoryview(text), 0, list[Buffer]()
    for start, end, new in _edits(text, members, drop, put):
        parts += (view[at:start], new)
        at = end
    return b"".join((*parts, view[at:]))


def _parse_leniently(text: bytes, strict: orjson.JSONDecodeError) -> Json:
    """Parse JSON that orjson refuses: lone surrogates, numbers beyond a double."""
    try:
        document: Json = json.loads(text.decode(), parse_int=_number, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise Unreadable(
            "it is not JSON in UTF-8, and may still be encoded: so a HAR holds a body whose content encoding mitmproxy "
            "does not know"
        ) from None
    except ValueError:
        raise Unreadable(f"it is not JSON ({strict.msg})") from None
    return document


def _number(text: str) -> int | float:
    """Return an integer as orjson does: a float if it has more than 64 bits."""
    whole = int(text) if len(text) <= _LONGEST_INTEGER else 1 << 64
    return whole if -(1 << 63) <= whole < 1 << 64 else float(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _walk_members(text: bytes, document: Object) -> Iterator[Member]:
    end, characters = _after_brace(text), ""
    while match := _NEXT_NAME.match(text, end):
        name, start = _unescape(match[1]), match.end()
        if (same := _compact_end(text, start, document.get(name))) is not None:
            end = same
        elif plain := _STRING_OR_SCALAR.match(text, start):
            end = plain.end()
        else:
            characters = characters or text.decode("latin-1")  # one character a byte, so the offsets are the same
            end = _bracket_end(characters, start)
        yield Member(name=name, start=match.start(1), value=start, end=end)


def _compact_end(text: bytes, start: int, value: Json) -> int | None:
    """Return the end offset of a string, list or object at `start` if it is spelled as orjson would, else None.

    Then it is exactly that value: a string ends at its quote, and the others where their brackets do.
    """
    if not isinstance(value, str | list | dict):
        return None
    try:
        spelled = orjson.dumps(value)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return None
    return start + len(spelled) if text.startswith(spelled, start) else None


def _bracket_end(characters: str, start: int) -> int:
    """Return the end offset of the list or object at `start`. Raises Unreadable."""
    try:
        return _DECODER.raw_decode(characters, start)[1]
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise Unreadable(
            "it is not JSON in UTF-8, and may still be encoded: so a HAR holds a body whose content encoding mitmproxy "
            "does not know"
        ) from None


def _unescape(name: bytes) -> str:
    """Return a member's name as a string. Escapes are rare here, and a lone surrogate is possible."""
    return str(json.loads(name)) if b"\\" in name else name[1:-1].decode()


def _edits(
    text: bytes, members: Sequence[Member], drop: Collection[str], put: Mapping[str, str]
) -> Iterator[tuple[int, int, bytes]]:
    """Yield each replacement, in order: its start, its end, and the new bytes."""
    kept = set[str]()
    for index, member in enumerate(members):
        if member.name not in drop:
            kept.add(member.name)
            if member.name in put:
                yield member.value, member.end, _spell(put[member.name])
        elif kept:
            yield members[index - 1].end, member.end, b""
        else:  # no member is kept before it, so the comma after it is dropped
            yield member.start, members[index + 1].start if index + 1 < len(members) else member.end, b""
    if new := b",".join(_spell(name) + b":" + _spell(value) for name, value in put.items() if name not in kept):
        end = members[-1].end if members else _after_brace(text)
        yield end, end, b"," + new if kept else new


def _after_brace(text: bytes) -> int:
    """Return the offset after the brace that begins the object."""
    start = _OBJECT_START.match(text)
    assert start is not None
    return start.end()


def _spell(text: str) -> bytes:
    return json.dumps(text).encode()
