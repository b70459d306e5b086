"""What changes in a text by itself, told by digests: dates, times, UUIDs, counters, paths and white space.

Most edits that break a cache are such tokens, which a client writes into a prompt again for each request. So each is
replaced by a mark of its kind, and what is left is hashed: the skeleton. Two texts with the same skeleton differ in
such tokens only, and some bits for each kind of them say in which.

Each pattern begins with a literal or a few of them, for which `re` scans quickly, and digits are looked for as zeros.
"""

import functools
import re
import zlib
from hashlib import blake2b
from typing import NamedTuple

ORDER = "order"
"""What differs where the same members, tools or items come in another order."""

WHITE_SPACE = "white space"

VOLATILE = {
    "date": "a date",
    "time": "a time",
    "UUID": "a UUID",
    "counter": "a counter or number",
    "path": "a temporary or home path",
    WHITE_SPACE: "white space",
    ORDER: "the order of members",
}
"""The kinds of what changes by itself, and what each is called in a sentence."""

_KINDS = ("date", "time", "UUID", "counter", "path", WHITE_SPACE, ORDER)
"""The kinds in the order of their bits in a shape."""

_MARKS = {kind: bytes([number]) for number, kind in enumerate(_KINDS, 1)}
_BITS = 9
_MASK = (1 << _BITS) - 1
_SHIFTS = {kind: number * _BITS for number, kind in enumerate(_KINDS)}

_MONTHS = {"Jan": "uary", "Feb": "ruary", "Mar": "ch", "Apr": "il", "May": "", "Jun": "e", "Jul": "y"} | {
    "Aug": "ust",
    "Sep": "tember",
    "Oct": "ober",
    "Nov": "ember",
    "Dec": "ember",
}
_DAYS = {"Mon": "", "Tue": "s", "Wed": "nes", "Thu": "rs", "Fri": "", "Sat": "ur", "Sun": ""}

_HEX = b"[0-9A-Fa-f]"
_UUID_END = re.compile(rb"-%b{4}-%b{4}-%b{4}-%b{12}" % ((_HEX,) * 4))
_UUID = re.compile(rb"%b{8}(?:-%b{4}){3}-%b{12}" % ((_HEX,) * 3))
_PATH = re.compile(rb"/(?:(?:private/)?(?:tmp|var/folders|var/tmp)|home|Users|root)/[^\s\"'<>:;,)\]}]*")
_WINDOWS_PATH = re.compile(rb":\\+(?i:Users|Temp|Windows\\+Temp)\\[^\s\"'<>:;,]*")
_SPACES = b" \t\n\r\v\f"
_SHUFFLED = bytes(byte * byte * 167 + byte * 29 & 0xFF for byte in range(256))
"""Other values for bytes, so that their sum says something else than that of the bytes themselves."""

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_NUMBER = re.compile(
    rb"0(?:(?P<date>000-00-00(?!0)|000/00/00(?!0)|0?[./]00?[./]0000(?!0)|0?\.? (?:%b)(?:,? 0000)?"
    rb"|000\xe5\xb9\xb400?\xe6\x9c\x8800?\xe6\x97\xa5)"
    rb"|(?P<time>0?:00(?!0)(?::00(?:[.,]0+)?)?(?: ?[AaPp][Mm](?!\w))?(?: ?(?:Z|UTC|GMT)(?!\w)| ?[+-]00:?00)?"
    rb"|0{9}(?:000)?(?:\.0+)?(?![0\w]))"
    rb"|(?P<counter>0*(?:[.,]0+)*))" % "|".join(f"{month}(?:{rest})?" for month, rest in _MONTHS.items()).encode()
)
"""A number in a text of which all digits are zeros; what has ten or thirteen of them is a time since the epoch."""


class Shape(NamedTuple):
    """A text without what changes by itself, and what that was.

    `skeleton` is the digest of the text without it, `contents` holds some bits of a digest for each kind of it.
    """

    skeleton: int = 0
    contents: int = 0

    def says_the_same(self, other: "Shape") -> bool:
        """Return True if two texts differ in what changes by itself only, or in how they are spelled."""
        return self.skeleton != 0 and self.skeleton == other.skeleton

    def differing(self, other: "Shape") -> tuple[str, ...]:
        """Return in which kinds of tokens two different texts differ; none if they differ otherwise, or may do so."""
        differing = self.contents ^ other.contents if self.says_the_same(other) else 0
        return tuple(kind for kind, shift in _SHIFTS.items() if differing >> shift & _MASK)


NO_SHAPE = Shape()
"""The shape of what has none; it is like no other."""


def shape_of(text: bytes) -> Shape:
    """Return the shape of a text in UTF-8, or of JSON with texts in it."""
    text, found = marked(text.replace(rb"\n", b"\n").replace(rb"\r", b"\r").replace(rb"\t", b"\t"))
    found[WHITE_SPACE] = [text]
    contents = 0
    for kind, tokens in found.items():
        contents |= _bits(kind, b"\0".join(tokens))
    return Shape(_digest(text.translate(None, _SPACES)), contents)


def marked(text: bytes) -> tuple[bytes, dict[str, list[bytes]]]:
    """Return a text with a mark in the place of each token that changes by itself, and these tokens by kind."""
    found: dict[str, list[bytes]] = {}
    if _UUID_END.search(text):
        text = _masked("UUID", _UUID, text, found)
    for kind, pattern in (("path", _PATH), ("path", _WINDOWS_PATH), ("date", _named_date())):
        text = _masked(kind, pattern, text, found)
    return _without_numbers(text, found), found


def mark_of(kind: str) -> bytes:
    """Return the byte that stands for a token of a kind in a marked text."""
    return _MARKS[kind]


def shape_of_arguments(call: str, arguments: bytes) -> Shape:
    """Return the shape of a call's arguments, which are JSON: what its members and white space have no part in.

    Two calls with one name and id (`call`) have one skeleton if their arguments consist of the same bytes in any order.
    Nothing is parsed for that: the sums of the bytes, taken twice, are the same.
    """
    text = arguments.translate(None, _SPACES)
    sums = zlib.adler32(text) & 0xFFFF, zlib.adler32(text.translate(_SHUFFLED)) & 0xFFFF
    skeleton = (len(text) << 49) ^ (zlib.crc32(call.encode("utf-8", "surrogatepass")) << 32) ^ (sums[0] << 16) ^ sums[1]
    spaces = b"%d" % (len(arguments) - len(text))
    return Shape(_signed(skeleton) or 1, _bits(WHITE_SPACE, spaces) | _bits(ORDER, text))


@functools.cache
def _named_date() -> re.Pattern[bytes]:
    """Return the pattern of a date with a name; it takes some milliseconds to compile, so not at the start."""
    days = [f"{day}(?:{rest}day|,? (?=[A-Z0-9]))" for day, rest in _DAYS.items()]
    dates = [rf"{month}(?:{rest})?\.? \d{{1,2}}(?!\d)(?:,? \d{{4}})?" for month, rest in _MONTHS.items()]
    return re.compile("|".join([*days, *dates]).encode())


def _signed(number: int) -> int:
    """Return the last 64 bits of a number as a signed one."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def _bits(kind: str, content: bytes) -> int:
    return (zlib.crc32(content) & _MASK) << _SHIFTS[kind]


def _digest(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8, usedforsecurity=False).digest(), "big", signed=True)


def _masked(kind: str, pattern: re.Pattern[bytes], text: bytes, found: dict[str, list[bytes]]) -> bytes:
    if not (tokens := pattern.findall(text)):
        return text
    found[kind] = [*found.get(kind, ()), *tokens]
    return pattern.sub(_MARKS[kind], text)


def _without_numbers(text: bytes, found: dict[str, list[bytes]]) -> bytes:
    def mask(match: re.Match[bytes]) -> bytes:
        kind = match.lastgroup or "counter"
        found.setdefault(kind, []).append(text[match.start() : match.end()])
        return _MARKS[kind]

    return _NUMBER.sub(mask, text.translate(_DIGITS))
