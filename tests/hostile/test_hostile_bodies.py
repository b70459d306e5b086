"""JSON bombs through the real proxy: each arrives as it was sent or with its key, and causes no fault."""

import gzip

import orjson
import pytest
from codex_fuzz.growth import BODIES
from codexcache.body.json_splice import Unreadable, edited, find_members, parse
from codexcache.turn.key_values import usable
from conftest import Network
from support.client import connected
from support.wire import RESPONSES, body, said

SIZE = 128 << 10

DEEP = {
    "lists within lists, with half an emoji": b'{"half":"\\ud83d","input":' + b"[" * 3000 + b"]" * 3000 + b"}",
    "objects within objects, with half an emoji": (
        b'{"half":"\\ud83d","input":[' + b'{"a":' * 3000 + b"1" + b"}" * 3000 + b"]}"
    ),
    "namespaces within namespaces": (
        b'{"tools":[' + b'{"type":"namespace","name":"n","tools":[' * 400 + b"]}" * 400 + b"]}"
    ),
    "namespaces within namespaces, with half an emoji": (
        b'{"half":"\\ud83d","tools":[' + b'{"type":"namespace","name":"n","tools":[' * 1500 + b"]}" * 1500 + b"]}"
    ),
}


def texts() -> dict[str, bytes]:
    """Return hostile bodies by their names."""
    return {**{name: make(SIZE) for name, make in BODIES.items()}, **DEEP}


def with_key(text: bytes) -> bytes | None:
    """Return a body with a key, its own as far as it is any; None for what is no body, or too much of one."""
    try:
        document = parse(text)
        members = find_members(text, document)
    except Unreadable:
        return None
    return edited(text, members, put={"prompt_cache_key": usable(document.get("prompt_cache_key")) or "s"})


@pytest.mark.parametrize("name", texts())
async def test_a_json_bomb_arrives_as_it_was_or_with_key(
    net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be read passes with one line; and the connection can be used again."""
    text = texts()[name]
    upstream = await net.upstream()
    async with connected(await net.proxy()) as connection:
        assert (await connection.post(RESPONSES, [("session_id", "s")], text)).status == 200
        arrived = upstream.last.body
        await connection.post(RESPONSES, [("session_id", "s")], body())

    assert arrived == (with_key(text) or text)
    assert not [line for line in said(caplog) if "passes unchanged" not in line]
    assert len(said(caplog)) == (arrived == text)
    assert orjson.loads(upstream.last.body)["prompt_cache_key"] == "s"


@pytest.mark.parametrize("name", ["empty lists", "many members", "NUL", "900 levels, again and again"])
async def test_so_does_a_json_bomb_within_a_coding(net: Network, name: str, caplog: pytest.LogCaptureFixture) -> None:
    text = BODIES[name](SIZE)
    upstream = await net.upstream()
    async with connected(await net.proxy()) as connection:
        await connection.post(RESPONSES, [("session_id", "s"), ("content-encoding", "gzip")], gzip.compress(text))

    assert gzip.decompress(upstream.last.body) == (with_key(text) or text)
    assert not [line for line in said(caplog) if "passes unchanged" not in line]
