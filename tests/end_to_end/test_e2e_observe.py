"""The kill switch: in `observe` not one byte of a header or a body changes, on any transport."""

import gzip
from collections.abc import Iterable

import pytest
from conftest import Network
from support import http2
from support.client import Field, connected, request_bytes
from support.sockets import HANDSHAKE, Recorder, opened, talking
from support.talks import post
from support.upstream import responding, whole
from support.wire import COMPACT, JSON, RESPONSES, bearer, body, completed, frame, said

ODD_FIELDS: tuple[Field, ...] = (
    ("SESSION_ID", ""),
    ("session_id", "two"),
    ("Session-Id", "x" * 100),
    ("X-Odd", ""),
    ("Idempotency-Key", "i"),
    bearer(),
    JSON,
)
ODD_BODIES = [
    body(stream_options={"include_usage": True}, prompt_cache_key=" k " * 40),
    b'{ "input" : "hi", "stream_options":1, "stream_options" : 2,"prompt_cache_key": 7 }\n',
    b'{"input":[]}',
    b"[]",
    b"",
    b"not JSON",
    b"\xff",
]


@pytest.mark.parametrize("path", [RESPONSES, COMPACT])
async def test_a_post_arrives_byte_for_byte(net: Network, path: str) -> None:
    """Heads with every header that is completed otherwise, bodies with everything that is edited otherwise."""
    upstream = await net.upstream()
    async with connected(await net.proxy(codex_mode="observe")) as connection:
        for text in ODD_BODIES:
            await connection.send(sent := request_bytes("chatgpt.com", path, ODD_FIELDS, text))
            assert upstream.last.raw == sent
        packed = gzip.compress(body(stream_options={}))
        await connection.send(sent := request_bytes("chatgpt.com", path, [("content-encoding", "gzip")], packed))
        assert upstream.last.raw == sent


async def test_an_http2_post_arrives_field_by_field(net: Network) -> None:
    """In order, and with repetitions."""
    fields = [(name.lower(), value.strip()) for name, value in ODD_FIELDS]
    upstream = await net.http2_upstream(
        http2.responding(b'{"detail":"Unsupported parameter: stream_options"}', status=400)
    )
    async with http2.http2_connected(await net.proxy(codex_mode="observe")) as client:
        await client.post(RESPONSES, fields, body(stream_options={}))

    arrived = [(name.decode(), value.decode()) for name, value in upstream.requests[0].fields]
    assert [field for field in arrived if not field[0].startswith(":")] == fields
    assert upstream.requests[0].body == body(stream_options={})


@pytest.mark.parametrize("fields", [(), (("session_id", "s"),), (("x-session-id", "x" * 100),), ODD_FIELDS])
async def test_a_handshake_and_its_frames_arrive_byte_for_byte(net: Network, fields: Iterable[Field]) -> None:
    """Fragments included."""
    recorder = Recorder()
    upstream = await net.upstream(talking(recorder))
    messages = [
        (frame(stream_options={}),),
        (frame(prompt_cache_key=" k ")[:50], frame(prompt_cache_key=" k ")[50:]),
        (frame(input="é" * 9000),),
        ("not JSON response.create",),
    ]
    async with opened(await net.proxy(codex_mode="observe"), fields) as peer:
        for message in messages:
            await peer.ask(*message)

    assert upstream.last.head == request_bytes("chatgpt.com", RESPONSES, [*HANDSHAKE, *fields], b"", "GET")
    assert recorder.frames == [list(message) for message in messages]


async def test_observe_learns_nothing_and_says_what_to_set(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """A refused member stays although codex_learn names it, and after a change of mode the lesson starts afresh."""
    answer = whole(b'{"detail":"Unsupported parameter: metadata"}', status="400 Bad Request")
    upstream = await net.upstream(responding(answer))
    proxy = await net.proxy(codex_mode="observe", codex_learn="metadata")
    text = body(metadata={}, prompt_cache_key="k")
    for _ in range(3):
        await post(proxy, text=text)
        assert upstream.last.body == text
    assert ["codex_strip=metadata,stream_options" in line for line in said(caplog)] == [True]
    proxy.master.options.update(codex_mode="fill")
    await post(proxy, text=text)
    assert upstream.last.body == text
    await post(proxy, text=text)
    assert upstream.last.body == body(prompt_cache_key="k")


async def test_the_switch_works_while_the_proxy_runs(net: Network) -> None:
    """Also for a WebSocket that is open: its next frame is left alone."""
    recorder = await net.recorder(completed().decode())
    proxy = await net.proxy()
    async with opened(proxy, [("session_id", "s")]) as peer:
        await peer.ask(frame())
        proxy.master.options.update(codex_mode="observe")
        await peer.ask(frame(stream_options={}))
        proxy.master.options.update(codex_mode="fill")
        await peer.ask(frame(stream_options={}))

    assert recorder.messages == [frame(prompt_cache_key="s"), frame(stream_options={}), frame(prompt_cache_key="s")]
