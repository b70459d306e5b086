"""JSON by its bytes: where elements and members stand, and whether two spellings say the same.

They do if they differ in nothing but the order of members, white space, escapes and the spelling of numbers. This is
decided exactly: numbers are compared by their digits, not as floats, true is not 1, and an object that has a member
twice is like no other, because readers differ in which of the two they take.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

type Span = tuple[int, int]
"""The offsets of the start and the end of a value."""

_WHITE = re.compile(rb"[ \t\n\r]*+")
_AFTER = b",] \t\n\r"
_SPACE = 0x20
_WINDOW = 1 << 14
"""Bytes of a text in which the end of a value is looked for first."""
_COMMA_OR_END = re.compile(rb"[ \t\n\r]*+([,\]])[ \t\n\r]*+")
_OFFSETS = json.JSONDecoder(parse_int=str, parse_float=str)  # only offsets are wanted, and `int` refuses long numbers


class Unlike(ValueError):
    """A value that cannot be compared: it has a member twice, or is nested too deeply."""


class Number(NamedTuple):
    """A number: its sign, its digits without zeros at either end, and its power of ten."""

    negative: bool
    digits: str
    exponent: int


def is_same(one: bytes, other: bytes) -> bool:
    """Return True if two texts, both valid JSON, say the same."""
    if one == other:
        return True
    try:
        return bool(value_of(one) == value_of(other))
    except Unlike:
        return False


def value_of(text: bytes) -> Any:
    """Return a JSON text as a value that equals another only if both say the same. Raises Unlike."""
    try:
        return json.loads(
            text.decode(), parse_int=_number, parse_float=_number, parse_constant=_refused, object_pairs_hook=_object
        )
    except (ValueError, RecursionError) as error:
        raise Unlike(str(error)) from None


def elements(text: bytes, start: int = 0) -> list[Span]:
    """Return where the elements of the list stand that begins at `start`. Raises Unlike."""
    opened = _WHITE.match(text, start + 1)
    assert opened is not None
    return list(elements_from(text, opened.end()))


def elements_from(text: bytes, at: int) -> Iterator[Span]:
    """Yield where the elements of a list stand, from the one at `at` on, up to its end. Raises Unlike."""
    if text[at : at + 1] == b"]":
        return
    characters, start = text[at:].decode("latin-1"), at  # one character a byte, so offsets are the same
    while True:
        end = start + _length(characters, at - start)
        yield at, end
        if (following := next_element(text, end)) is None:
            return
        at = following


def end_of(text: bytes, at: int) -> int:
    """Return the end of the value at an offset. Raises Unlike."""
    size = _WINDOW
    while at + size < len(text):
        with suppress(ValueError):  # it may end behind the window
            if (end := _OFFSETS.raw_decode(text[at : at + size].decode("latin-1"))[1]) < size:
                return at + end
        size *= 8
    return at + _length(text[at:].decode("latin-1"), 0)


def next_element(text: bytes, end: int) -> int | None:
    """Return the offset of the element that follows one that ends at `end`; None if it was the last."""
    if text.startswith(b",", end) and text[end + 1] > _SPACE:
        return end + 1
    found = _COMMA_OR_END.match(text, end)
    if found is None:
        raise Unlike("no element ends there")
    return found.end() if found[1] == b"," else None


def is_element(text: bytes, at: int, element: bytes) -> bool:
    """Return True if an element of a list, spelled exactly so, stands at an offset."""
    return text.startswith(element, at) and text[at + len(element)] in _AFTER


def joined(parts: list[bytes]) -> bytes:
    """Return a list of some elements."""
    return b"[" + b",".join(parts) + b"]"


def _length(characters: str, at: int) -> int:
    """Return the offset in `characters` of the end of the value at `at`."""
    try:
        return _OFFSETS.raw_decode(characters, at)[1]
    except (ValueError, RecursionError) as error:
        raise Unlike(str(error)) from None


def _number(text: str) -> Number:
    mantissa, _, power = text.lower().lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    short = digits.rstrip("0")
    exponent = int(power or 0) - len(fraction) + len(digits) - len(short)
    return Number(text.startswith("-"), short, exponent if short else 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is repeated")
    return found


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
