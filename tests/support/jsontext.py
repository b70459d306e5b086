"""JSON as text: a generator of every spelling that the grammar allows, and a slow reader to check a fast one by.

`json.dumps` would write each value in one way only. Here white space, escapes, numbers and repeated names vary.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st

prop = settings(deadline=None, max_examples=100)
"""How often a property is tried. There is no deadline, because machines differ."""

NAMES = ("prompt_cache_key", "stream_options", "input", "a", "", "é", "😀", 'q"\\', "\ud83d", "{[,:]}")
_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

white = st.sampled_from(["", "", "", " ", "\n", "\t", "\r\n  "])
numbers = st.sampled_from(
    ["0", "-0", "-0.0", "1.10", "1E400", "-1e-400", "1E+2", "0e0", "12345678901234567890123456789012345"]
)
literals = st.sampled_from(["true", "false", "null"])
strings_meant = st.text(st.sampled_from('ab{}[],:"\\/\b\f\n\r\t é😀\u2028\ud83d\udc00'), max_size=6)


@st.composite
def spelled(draw: st.DrawFn, meant: st.SearchStrategy[str]) -> str:
    """Draw a string in quotes, each character in one of its spellings."""
    return '"' + "".join(draw(st.sampled_from(_spellings(character))) for character in draw(meant)) + '"'


def _spellings(character: str) -> list[str]:
    units = character.encode("utf-16-be", "surrogatepass")
    escaped = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    plain = [character] if character >= " " and character not in '"\\' and not _is_surrogate(character) else []
    return [*plain, *plain, escaped, escaped.upper().replace("\\U", "\\u"), *filter(None, [_SHORT.get(character)])]


def _is_surrogate(character: str) -> bool:
    return 0xD800 <= ord(character) < 0xE000


@st.composite
def _arrays(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    items = [draw(white) + draw(values) + draw(white) for _ in range(draw(st.integers(0, 3)))]
    return "[" + (",".join(items) or draw(white)) + "]"


@st.composite
def _objects(draw: st.DrawFn, values: st.SearchStrategy[str], most: int = 3) -> str:
    name = spelled(st.sampled_from(NAMES))
    members = [
        draw(white) + draw(name) + draw(white) + ":" + draw(white) + draw(values) + draw(white)
        for _ in range(draw(st.integers(0, most)))
    ]
    return "{" + (",".join(members) or draw(white)) + "}"


scalars = st.one_of(numbers, literals, spelled(strings_meant))
values = st.recursive(scalars, lambda inner: st.one_of(_arrays(inner), _objects(inner)), max_leaves=6)


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """Draw the text of a JSON object."""
    return (draw(white) + draw(_objects(values, 6)) + draw(white)).encode()


@dataclass
class Part:
    """A member of the top level as it is spelled, and what stands before it."""

    before: bytes
    name: bytes
    colon: bytes
    value: bytes

    @property
    def meant(self) -> str:
        return str(json.loads(self.name))


def taken_apart(text: bytes) -> tuple[bytes, list[Part], bytes]:
    """Return what stands before the first member, the members, and what stands after the last, byte by byte."""
    at = text.index(b"{") + 1
    head, parts, before = text[:at], list[Part](), b""
    while True:
        start = _skip(text, at, b" \t\r\n,")
        if text[start] in b"}":
            return head, parts, text[at:]
        name_end = _string_end(text, start)
        value = _skip(text, name_end, b" \t\r\n:")
        end = _end_of_value(text, value)
        before, name = text[at:start], text[start:name_end]
        parts.append(Part(before=before, name=name, colon=text[name_end:value], value=text[value:end]))
        at = end


def edited_slowly(text: bytes, drop: Collection[str], put: Mapping[str, str]) -> bytes:
    """Return the text as it has to be: members one by one, each with what stands before it."""
    head, parts, tail = taken_apart(text)
    head += parts[0].before if parts else b""
    kept = [_put_into(part, put) for part in parts if part.meant not in drop]
    kept += [_fresh(name, value) for name, value in put.items() if name not in {part.meant for part in kept}]
    if kept:
        kept[0].before = b""
    return head + b"".join(part.before + part.name + part.colon + part.value for part in kept) + tail


def _put_into(part: Part, put: Mapping[str, str]) -> Part:
    value = json.dumps(put[part.meant]).encode() if part.meant in put else part.value
    return Part(before=part.before, name=part.name, colon=part.colon, value=value)


def _fresh(name: str, value: str) -> Part:
    return Part(before=b",", name=json.dumps(name).encode(), colon=b":", value=json.dumps(value).encode())


def _skip(text: bytes, at: int, those: bytes) -> int:
    while text[at] in those:
        at += 1
    return at


def _string_end(text: bytes, at: int) -> int:
    at += 1
    while text[at] != ord('"'):
        at += 2 if text[at] == ord("\\") else 1
    return at + 1


def _end_of_value(text: bytes, at: int) -> int:
    depth = 0
    while True:
        if text[at] == ord('"'):
            at = _string_end(text, at)
        else:
            depth += (text[at] in b"{[") - (text[at] in b"}]")
            at += 1
        if depth == 0 and text[at] in b" \t\r\n,}":
            return at
