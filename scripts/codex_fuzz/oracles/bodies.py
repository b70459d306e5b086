"""A body is edited in its edited members alone, and says the same whatever was read before it."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn

from codexcache.body.cache import BodyCache
from codexcache.body.incremental import Body
from codexcache.body.json_splice import Json, Member, Object, Unreadable, edited, find_members, parse
from codexcache.turn.items import given_items
from support.jsontext import taken_apart

from codex_fuzz.data_provider import DataProvider

_TOO_MUCH = ("it is nested too deeply", "it has more than")
_REFUSALS = ("it is not JSON", "it is not a JSON object", *_TOO_MUCH)
"""How the sentences begin by which a text is refused; what follows is the parser's own and quotes nothing."""

_NAMES = ("prompt_cache_key", "stream_options", "input", "a", "")
_VALUES = ("k", 'q"\\\n', "é😀", "")
_DROPPED, _PUT = frozenset({"stream_options"}), {"prompt_cache_key": "k"}
_SHALLOW = 200
"""Brackets up to which whole documents are compared; Python's own comparison is recursive."""


def check_splice(data: bytes) -> None:
    """An edit gives the edited members and leaves every other byte; what is no JSON object is refused in a sentence."""
    given = DataProvider(data)
    drop, names, values = given.some(_NAMES), given.some(_NAMES), [given.pick(_VALUES) for _ in _NAMES]
    put, text = dict(zip(names, values, strict=False)), given.rest
    if refusal := _refusal(_read, text):
        assert refusal.startswith(_REFUSALS), refusal
        assert not _is_object(text) or refusal.startswith(_TOO_MUCH), f"an object was refused: {refusal}"
        return
    document, members = _read(text)
    assert _is_object(text), "taken although it is none"
    assert not is_shallow(text) or document == _meant(text), "it says something else"
    assert edited(text, members, drop=drop, put=put) == _expected(text, drop, put), "another member was edited"


def check_incremental(data: bytes) -> None:
    """A body that begins like an earlier one says what a whole parse says, wherever the two part."""
    given = DataProvider(data)
    at, gone, size = int.from_bytes(given.take(2)), given.number(64), given.number(64)
    fresh, first = given.take(size), b" " * 600 + given.rest
    at = min(at, len(first))
    bodies = BodyCache(given_items)
    for text in (first, first[:at] + fresh + first[at + gone :], first):
        _check_after_others(bodies, text)


def _check_after_others(bodies: BodyCache[list[Json]], text: bytes) -> None:
    if refusal := _refusal(_read, text):
        assert _refusal(bodies.read, text) == refusal, "taken, or refused in other words than the whole"
        return
    (whole, members), read = _read(text), bodies.read(text)
    said = _said(read)
    assert not is_shallow(text) or said == whole, "it says something else than the whole"
    assert said.keys() == whole.keys(), "it has other members"
    assert list(read.members) == members, "its members stand elsewhere"
    sent, drop, put = edited(text, members, drop=_DROPPED, put=_PUT), _DROPPED, _PUT
    assert read.edited(drop, put) == sent, "it is edited otherwise than the whole"
    bodies.remember(read, parsed=given_items(said), drop=drop, put=put, edited_text=sent)


def _read(text: bytes) -> tuple[Object, list[Member]]:
    document = parse(text)
    return document, find_members(text, document)


def _refusal(read: Callable[[bytes], object], text: bytes) -> str:
    """Return the words in which a text is refused, none where it is not."""
    try:
        read(text)
    except Unreadable as refusal:
        return str(refusal)
    return ""


def _said(read: Body[list[Json]]) -> Object:
    """Return all that a body says, the items that were known included, in the order of its members."""
    if read.cached is None:
        return read.document
    return read.document | {"input": [*read.cached.parsed, *given_items(read.document)]}


def _meant(text: bytes) -> Json:
    """Return what a text says by Python's own parser. Raises ValueError, and RecursionError if it is nested deeply."""
    meant: Json = json.loads(text.decode(), parse_int=_number, parse_constant=_refuse)
    return meant


def _is_object(text: bytes) -> bool:
    try:
        return isinstance(_meant(text), dict)
    except RecursionError:
        return True
    except ValueError:
        return False


def _number(digits: str) -> int | float:
    exact = -(1 << 63) <= float(digits) <= 1 << 64 and -(1 << 63) <= int(digits) < 1 << 64
    return int(digits) if exact else float(digits)


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def read_object(text: bytes) -> Object | None:
    """Return what a body says, None where it is refused."""
    try:
        return _read(text)[0]
    except Unreadable:
        return None


def is_shallow(text: bytes) -> bool:
    """Tell whether what a text says can be compared without recursing too deeply."""
    return text.count(b"[") + text.count(b"{") < _SHALLOW


def _expected(text: bytes, drop: Collection[str], put: Mapping[str, str]) -> bytes:
    """Return the text as it has to be: what stood before the first member now stands before whichever is first."""
    start, parts, end = taken_apart(text)
    new = {name: json.dumps(value).encode() for name, value in put.items()}
    kept = [part for part in parts if part.meant not in drop]
    members = [(part.before, part.name + part.colon + new.get(part.meant, part.value)) for part in kept]
    fresh = [name for name in put if name not in {part.meant for part in kept}]
    members += [(b",", json.dumps(name).encode() + b":" + new[name]) for name in fresh]
    first = parts[0].before if parts else b""
    joined = b"".join(before + member for before, member in members)
    return start + first + joined.removeprefix(members[0][0] if members else b"") + end
