"""Bodies long enough to be remembered, what is remembered of them, and what they have to say."""

import json

from codexcache.body.incremental import Body, CachedBody, cached_body, parse_with_prefix, read_whole
from codexcache.body.json_splice import Json, Object, edited, find_members, parse
from codexcache.body.prefix import PrefixDigests

FILLER = "Be brief. " * 60
FRONT = f'"instructions":"{FILLER}"'


def text_of(items: str, front: str = FRONT, behind: str = ',"stream":true') -> bytes:
    """Return the text of a body with these items and with members before and behind them."""
    return f'{{{front},"input":[{items}]{behind}}}'.encode()


def known(text: bytes) -> CachedBody[list[Json]]:
    """Return what is remembered of a body that was sent as it came."""
    found = cached_body(read_whole(text), list[Json](), (), {}, None)
    assert found is not None
    return found


def extended[M](cached: CachedBody[M], text: bytes) -> Body[M] | None:
    """Return a body that starts with the prefix of a cached one, None if it has to be parsed as a whole."""
    return parse_with_prefix(cached, PrefixDigests(text))


def same(one: Json, other: Json) -> bool:
    """Return True if two values are spelled the same; an equal number need not be."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def said[M](body: Body[M], earlier: Json) -> Object:
    """Return all that a body says, behind the earlier items if it was read behind them."""
    given = body.document.get("input")
    if body.cached is None:
        return body.document
    assert isinstance(earlier, list)
    assert isinstance(given, list)
    return {**body.document, "input": [*earlier, *given]}


def check[M](body: Body[M], earlier: Json, *edits: tuple[set[str], dict[str, str]]) -> None:
    """Assert that a body says what a parse of its whole text says, and is edited as that is."""
    whole = parse(body.text)
    members = find_members(body.text, whole)
    assert same(said(body, earlier), whole)
    assert list(body.members) == members
    for drop, put in edits:
        assert body.edited(drop, put) == edited(body.text, members, drop=drop, put=put)
