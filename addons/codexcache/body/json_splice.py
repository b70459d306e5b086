"""A JSON body: what it says, and edits that leave every other byte alone.

orjson reads a body but must not write it: it would change big integers, floats, escapes, white space and repeated
members. So the text is never written anew. `parse` says what it means, `find_members` finds where the members of its
top level stand, and `edited` puts together the old text around the edited members.

The finder trusts that the text has been parsed: it looks for the ends of values, not for mistakes. No text keeps it
longer than some few parses would take.
"""

import json
import re
from collections.abc import Buffer, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, NoReturn, TypeGuard

import orjson

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type Object = dict[str, Json]

_COUNTS = 1 << 53
"""Whole numbers below are exact in whatever reads JSON, and a collector of telemetry takes 63 bits."""

_WHITE = rb"[ \t\n\r]*+"
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_SCALAR = rb"[^ \t\n\r,{}\[\]]++"

_LONGEST_INTEGER = 20
"""Characters that a whole number of 64 bits can have."""

_NEXT_NAME = re.compile(_WHITE + rb",?" + _WHITE + rb"(" + _STRING + rb")" + _WHITE + rb":" + _WHITE, re.DOTALL)
_OPENING = re.compile(_WHITE + rb"\{")
_DECODER = json.JSONDecoder()


_LEVELS = 64
"""Brackets within brackets that one search can follow; a request has some twelve."""

_MOST = 10_000
"""Members of the top level that are looked for; a request has some twenty."""


def _between(levels: int) -> bytes:
    """Return the pattern of all that can stand between two brackets, with so many more levels in it."""
    inner = rb"|[{\[]" + _between(levels - 1) + rb"[}\]]" if levels else b""
    return rb'(?:[^"{}\[\]]++|' + _STRING + inner + rb")*+"


_VALUE = re.compile(_STRING + rb"|[{\[]" + _between(_LEVELS) + rb"[}\]]|" + _SCALAR, re.DOTALL)


class Unreadable(ValueError):
    """A body that is not a JSON object; the text is fit for a log."""


class Member(NamedTuple):
    """One member of the top level: its name, decoded, and the offsets of its name, its value, and its end."""

    name: str
    start: int
    value: int
    end: int


def parse(text: bytes) -> Object:
    """Return the object that `text` stands for.

    A lone surrogate escape, which JavaScript clients send when they cut a string in the middle of an emoji, is no
    reason to refuse a body. Raises Unreadable for anything but one JSON object in UTF-8.
    """
    try:
        document: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        document = _parse_leniently(text, error)
    if not isinstance(document, dict):
        raise Unreadable("it is not a JSON object")
    return document


def is_count(value: Json) -> TypeGuard[int]:
    """Tell whether a value can be a number of tokens, say: whoever sends it can say anything, true as well."""
    return type(value) is int and 0 <= value < _COUNTS


def as_text(value: Json) -> str:
    """Return a text, and an empty one for anything else."""
    return value if isinstance(value, str) else ""


def as_list(value: Json) -> list[Json]:
    """Return a list, and an empty one for anything else."""
    return value if isinstance(value, list) else []


def as_count(value: Json) -> int | None:
    """Return a number of tokens, say, and None for anything else."""
    return value if is_count(value) else None


def find_members(text: bytes, document: Object) -> list[Member]:
    """Return the members of the top level of `text`, in order; `document` is what `text` was parsed to.

    Most clients write JSON without white space, as orjson does. So a value is looked for in orjson's own spelling
    first, which costs a comparison; only where it is spelled otherwise are its brackets followed.

    Raises Unreadable where there are more members, or more levels, than could be followed in time.
    """
    members = list(islice(_walk_members(text, document), _MOST + 1))
    if len(members) > _MOST:
        raise Unreadable(f"it has more than {_MOST:,} members")
    return members


def edited(text: bytes, members: Sequence[Member], *, drop: Collection[str] = (), put: Mapping[str, str]) -> bytes:
    """Return `text`, in which these members stand, without those named in `drop` and with the strings in `put`.

    A member that is there keeps its place, and each of its repetitions is given the value; one that is missing is
    appended. Nothing else changes: the comma and the white space before a dropped member go with it.
    """
    view, at, parts = memoryview(text), 0, list[Buffer]()
    for start, end, new in _edits(text, members, drop, put):
        parts += (view[at:start], new)
        at = end
    return b"".join((*parts, view[at:]))


def _parse_leniently(text: bytes, strict: orjson.JSONDecodeError) -> Json:
    """Parse what orjson refuses although it is JSON: lone surrogates, numbers beyond a double."""
    try:
        document: Json = json.loads(text.decode(), parse_int=_number, parse_constant=_refuse_constant)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError:
        raise Unreadable(f"it is not JSON ({strict.msg})") from None
    return document


def _number(text: str) -> int | float:
    """Return a whole number as orjson does: beyond 64 bits it is a float."""
    whole = int(text) if len(text) <= _LONGEST_INTEGER else 1 << 64
    return whole if -(1 << 63) <= whole < 1 << 64 else float(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _walk_members(text: bytes, document: Object) -> Iterator[Member]:
    opening = _OPENING.match(text)
    assert opening is not None
    end = opening.end()
    while name := _NEXT_NAME.match(text, end):
        called = _unescape(name[1])
        end = _plain_end(text, name.end(), document.get(called)) or _value_end(text, name.end())
        yield Member(name=called, start=name.start(1), value=name.end(), end=end)


def _plain_end(text: bytes, start: int, value: Json) -> int | None:
    """Return the offset behind a text, a list or an object that starts at `start`, if it is spelled as orjson would.

    It is exactly that value then, because a text ends at its quote, and the others where their brackets do.
    """
    if not isinstance(value, str | list | dict):
        return None
    try:
        plain = orjson.dumps(value)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        return None
    return start + len(plain) if text.startswith(plain, start) else None


def _value_end(text: bytes, start: int) -> int:
    """Return the offset behind the value that starts at `start`. Raises Unreadable."""
    value = _VALUE.match(text, start)
    return value.end() if value else _deep_end(text, start)


def _deep_end(text: bytes, start: int) -> int:
    """Return the offset behind a value with very many levels, by parsing it once more."""
    rest = text[start:].decode()
    try:
        _, end = _DECODER.raw_decode(rest)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    return start + len(rest[:end].encode())


def _unescape(name: bytes) -> str:
    """Return a member's name as a string. Escapes are rare here, and a lone surrogate is possible."""
    return str(json.loads(name)) if b"\\" in name else name[1:-1].decode()


def _edits(
    text: bytes, members: Sequence[Member], drop: Collection[str], put: Mapping[str, str]
) -> Iterator[tuple[int, int, bytes]]:
    """Yield what is to be replaced, in order: from where, up to where, and by what."""
    kept = set[str]()
    for place, member in enumerate(members):
        if member.name not in drop:
            kept.add(member.name)
            if member.name in put:
                yield member.value, member.end, _spell(put[member.name])
        elif kept:
            yield members[place - 1].end, member.end, b""
        else:  # what follows takes its place
            yield member.start, members[place + 1].start if place + 1 < len(members) else member.end, b""
    if fresh := b",".join(_spell(name) + b":" + _spell(value) for name, value in put.items() if name not in kept):
        end = _end(text, members)
        yield end, end, b"," + fresh if kept else fresh


def _end(text: bytes, members: Sequence[Member]) -> int:
    """Return where the last member ends; in an empty object, the place behind the opening brace."""
    if members:
        return members[-1].end
    opening = _OPENING.match(text)
    assert opening is not None
    return opening.end()


def _spell(text: str) -> bytes:
    return json.dumps(text).encode()
