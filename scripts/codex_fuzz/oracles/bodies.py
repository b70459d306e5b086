"""A body is edited in its edited members alone, and says the same whatever was read before it."""

import json
from collections.abc import Callable

from codexcache.body.cache import BodyCache
from codexcache.body.incremental import Body, read_whole
from codexcache.body.json_splice import Json, Object, Unreadable
from codexcache.turn.items import given_items
from support.jsontext import edited_slowly

from codex_fuzz.inputs import pick, some, split

_TOO_MUCH = ("it is nested too deeply", "it has more than")
_REFUSALS = ("it is not JSON", "it is not a JSON object", *_TOO_MUCH)
"""How the sentences begin by which a text is refused; what follows is the parser's own and quotes nothing."""

_NAMES = ("prompt_cache_key", "stream_options", "input", "a", "")
_VALUES = ("k", 'q"\\\n', "é😀", "")
_DROP, _PUT = frozenset({"stream_options"}), {"prompt_cache_key": "k"}
_SHALLOW = 200  # brackets up to which whole documents are compared; Python's own comparison is recursive


def check_splice(data: bytes) -> None:
    """An edit gives the edited members and leaves every other byte; what is no JSON object is refused in a sentence."""
    (dropped, named, *values), text = split(data, 7)
    drop = set(some(_NAMES, dropped))
    put = {name: pick(_VALUES, value) for name, value in zip(some(_NAMES, named), values, strict=False)}
    body = _read(read_whole, text)
    if isinstance(body, str):
        assert body.startswith(_REFUSALS), body
        assert not _is_object(text) or body.startswith(_TOO_MUCH), f"an object was refused: {body}"
        return
    assert _is_object(text), "taken although it is none"
    assert not is_shallow(text) or body.document == _meant(text), "it says something else"
    assert body.edited(drop, put) == edited_slowly(text, drop, put), "another member was edited"


def check_incremental(data: bytes) -> None:
    """A body that begins like an earlier one says what a whole parse says, wherever the two part."""
    (high, low, gone, size), rest = split(data, 4)
    fresh, first = rest[: size % 64], b" " * 600 + rest[size % 64 :]
    at = min(high << 8 | low, len(first))
    bodies = BodyCache(_all_items)
    for text in (first, first[:at] + fresh + first[at + gone % 64 :], first):
        _check_after_others(bodies, text)


def _all_items(document: Object, known: list[Json] | None) -> list[Json]:
    return [*(known or ()), *given_items(document)]


def _check_after_others(bodies: BodyCache[list[Json]], text: bytes) -> None:
    whole, body = _read(read_whole, text), _read(bodies.read, text)
    if isinstance(whole, str) or isinstance(body, str):
        assert body == whole, "taken, or refused in other words than the whole"
        return
    said = body.document
    if body.cached:
        said = said | {"input": [*body.cached.parsed, *given_items(said)]}
    assert not is_shallow(text) or said == whole.document, "it says something else than the whole"
    assert said.keys() == whole.document.keys(), "it has other members"
    assert list(body.members) == whole.members, "its members stand elsewhere"
    sent = whole.edited(_DROP, _PUT)
    assert body.edited(_DROP, _PUT) == sent, "it is edited otherwise than the whole"
    bodies.remember(body, parsed=given_items(said), drop=_DROP, put=_PUT, edited_text=sent)


def _read(read: Callable[[bytes], Body[list[Json]]], text: bytes) -> Body[list[Json]] | str:
    """Return a body, or the words in which it is refused."""
    try:
        return read(text)
    except Unreadable as refusal:
        return str(refusal)


def _meant(text: bytes) -> Json:
    """Return what a text says by Python's own parser. Raises ValueError, and RecursionError if it is nested deeply."""
    # For a constant such as NaN `int` raises.
    meant: Json = json.loads(text.decode(), parse_int=_number, parse_constant=int)
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


def read_object(text: bytes) -> Object | None:
    """Return what a body says, None where it is refused."""
    body = _read(read_whole, text)
    return None if isinstance(body, str) else body.document


def is_shallow(text: bytes) -> bool:
    """Return whether what a text says can be compared without recursing too deeply."""
    return text.count(b"[") + text.count(b"{") < _SHALLOW
