"""Responses: every byte as the backend sent it, and every event the moment it was sent."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import Network
from support.client import connected
from support.http2 import Response as Http2Response
from support.http2 import http2_connected
from support.neighbours import GATEWAY, MOVES
from support.patience import until
from support.proxy import Proxy, watched
from support.talks import post
from support.upstream import Exchange, Upstream, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, completed, event, said
from toolkit.wire import http1, http2

CREATED = event("response.created", response={"id": "resp_1"})
DELTA = event("response.output_text.delta", delta="é")
STREAM = (CREATED, DELTA, completed())
HI = {"role": "user", "content": "hi"}


class Stepwise:
    """Sends each piece only when the test says that the one before it was read."""

    def __init__(self, *pieces: bytes, fields: bytes = b"x-codex-turn-state: ts\r\n") -> None:
        self._pieces, self._fields = pieces, fields
        self._read: asyncio.Queue[None] = asyncio.Queue()

    async def read_by(self, reply: http1.Response | Http2Response) -> None:
        """Read all pieces of a reply, each as it was sent."""
        for piece in self._pieces:
            assert await reply.piece() == piece
            self.go_on()

    def go_on(self) -> None:
        self._read.put_nowait(None)

    async def each(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
            await self._read.get()

    async def over_http1(self, exchange: Exchange) -> None:
        await exchange.send(stream_head(self._fields))
        async for piece in self.each():
            await exchange.send(chunk(piece))
        await exchange.send(chunk(b""))

    async def over_http2(self, exchange: http2.Exchange) -> None:
        await exchange.respond([(":status", "200"), ("content-type", "text/event-stream"), ("x-odd", "1")])
        async for piece in self.each():
            await exchange.send(piece)
        await exchange.send(b"", last=True)


@pytest.mark.parametrize(
    ("host", "path", "settings"),
    [
        ("chatgpt.com", RESPONSES, {}),
        ("chatgpt.com", RESPONSES, {"codex_mode": "observe"}),
        ("chatgpt.com", "/backend-api/wham/stream", {}),
        ("chatgpt.com", RESPONSES, MOVES["map_remote"]),
        ("other.example", RESPONSES, {"codex_tunnel": "off"}),
    ],
)
async def test_events_arrive_one_by_one_over_http1(
    net: Network, host: str, path: str, settings: dict[str, Any]
) -> None:
    """The next event is sent only after the last has arrived: turns, moved ones, other and other hosts' streams."""
    steps = Stepwise(*STREAM)
    await net.upstream(steps.over_http1, host)
    net.ports[GATEWAY] = net.ports[host]
    async with connected(await net.proxy(**settings), host) as connection:
        reply = await connection.start(path, [JSON], body())
        await steps.read_by(reply)
        assert await reply.piece() == b""


@pytest.mark.parametrize("upstream_speaks", ["http/1.1", "h2"])
@pytest.mark.parametrize(("host", "path"), [("chatgpt.com", RESPONSES), ("other.example", "/events")])
async def test_events_arrive_one_by_one_over_http2(net: Network, host: str, path: str, upstream_speaks: str) -> None:
    """The client speaks HTTP/2, the backend either."""
    steps = Stepwise(*STREAM)
    if upstream_speaks == "h2":
        await net.http2_upstream(steps.over_http2, host)
    else:
        await net.upstream(steps.over_http1, host)
    proxy = await net.proxy(codex_tunnel="off", connection_strategy="lazy", ssl_insecure=True)
    async with http2_connected(proxy, host) as client:
        reply = await client.start(path, [JSON], body())
        await steps.read_by(reply)
        assert await reply.piece() == b""


async def test_a_compressed_stream_passes_as_it_is_and_is_read(net: Network) -> None:
    """Its bytes are the backend's own, piece by piece, and the response's id is learned from them."""
    packer = zlib.compressobj(wbits=31)
    flushed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in (CREATED, completed("resp_c"))]
    steps = Stepwise(*flushed, packer.flush(), fields=b"content-encoding: gzip\r\n")
    upstream, proxy = await net.upstream(steps.over_http1), await net.proxy()
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, [JSON], body(prompt_cache_key="k"))
        await steps.read_by(reply)
        await reply.rest()

    assert await learned(proxy, upstream, "resp_c")


ANSWERS = {
    "a stream": b"".join([stream_head(b"X-Odd: 1\r\nx-odd: 2\r\n"), *map(chunk, STREAM), chunk(b"")]),
    "a stream with a length": whole(b"".join(STREAM), kind="text/event-stream"),
    "a stream in CR LF": whole(b"".join(STREAM).replace(b"\n", b"\r\n"), kind="text/event-stream; charset=utf-8"),
    "an odd stream": whole(b"data: {\n\ndata: \xff\xfe\n\n: ping\n\ndata", kind="text/event-stream"),
    "JSON": whole(b'{"id":"resp_1","usage":{}}', extra=b"Set-Cookie: a=1\r\nset-cookie: b=2\r\n"),
    "an error": whole(b'{"detail":"Unsupported parameter: x"}', status="400 Bad Request"),
    "a challenge page": whole(b"<html>", status="403 Forbidden", kind="text/html"),
    "nothing": whole(b""),
    "no content": b"HTTP/1.1 204 No Content\r\nx-odd: 1\r\n\r\n",
    "not what it says": whole(b"plain", kind="text/event-stream", extra=b"content-encoding: gzip\r\n"),
    "an unknown coding": whole(b"plain", kind="text/event-stream", extra=b"content-encoding: odd\r\n"),
    "binary": whole(bytes(range(256)), kind="application/octet-stream"),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("path", [RESPONSES, COMPACT, "/backend-api/codex/models"])
async def test_a_response_arrives_byte_for_byte(
    net: Network, path: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Head and body alike, whatever they hold; the next request on the connection is served as well."""
    await net.upstream(responding(ANSWERS[name]))
    async with connected(await net.proxy()) as connection:
        for _ in range(2):
            reply = await connection.post(path, [JSON], body(prompt_cache_key="k"))
            assert bytes(reply.raw) == ANSWERS[name]

    assert [line for line in said(caplog) if "fault" in line] == []


async def learned(proxy: Proxy, upstream: Upstream, response_id: str) -> bool:
    """Return True if the addon knows whose turn a response answered."""
    upstream.answer = responding(whole())
    await post(proxy, input=[], previous_response_id=response_id)
    return upstream.last.values("session-id") == ["k"]


async def test_a_client_that_hangs_up_after_the_last_event_has_finished_its_turn(net: Network) -> None:
    """As most clients do over HTTP/1.1; the end of the body never comes."""
    upstream = await net.upstream(responding(stream_head(), *map(chunk, STREAM)))
    proxy = await net.proxy()
    watch = watched(proxy)
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, [JSON], body(prompt_cache_key="k"))
        while reply.body != b"".join(STREAM):
            await reply.piece()
        connection.reset()
        flow = await watch.end()

    assert flow.error is not None
    assert flow.response is not None
    assert flow.response.raw_content == b"".join(STREAM)
    assert await learned(proxy, upstream, "resp_1")


async def test_a_client_that_cancels_an_http2_stream_has_finished_its_turn(net: Network) -> None:
    """As Codex does; the backend learns of the cancellation."""
    steps = Stepwise(*STREAM)
    served, proxy = await net.http2_upstream(steps.over_http2), await net.proxy()
    watch = watched(proxy)
    async with http2_connected(proxy) as client:
        reply = await client.start(RESPONSES, [JSON], body(prompt_cache_key="k"))
        for piece in STREAM:
            assert await reply.piece() == piece
            steps.go_on() if piece is not STREAM[-1] else await reply.cancel()
        flow = await watch.end()
        await until(lambda: served.resets)

    assert served.resets == 1
    assert flow.error is not None
    assert await learned(proxy, await net.upstream(), "resp_1")


async def test_a_stream_that_the_backend_cuts_is_cut_for_the_client_too(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """What came before the cut arrives; the addon has no fault, and knows as much as was said."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), chunk(CREATED))
        exchange.writer.transport.abort()

    upstream = await net.upstream(answer)
    proxy = await net.proxy()
    watch = watched(proxy)
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, [JSON], body(prompt_cache_key="k"))
        assert await reply.piece() == CREATED
        flow = await watch.end()
        assert await connection.reader.read() == b""

    assert flow.error is not None
    assert said(caplog) == []
    assert await learned(proxy, upstream, "resp_1")


async def test_a_turn_is_finished_by_its_last_event_not_by_the_end_of_its_body(net: Network) -> None:
    """A client may send its next turn while the stream is still open."""
    steps = Stepwise(completed("resp_5"))
    upstream = await net.upstream(steps.over_http1)
    proxy = await net.proxy()
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, [JSON], body(prompt_cache_key="k"))
        await reply.piece()

        assert await learned(proxy, upstream, "resp_5")
        steps.go_on()


async def test_a_fault_before_the_listeners_does_not_make_a_stream_wait(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Event by event, also where nothing listens."""

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("codexcache.hooks.http.Tap", fail)
    steps = Stepwise(*STREAM)
    await net.upstream(steps.over_http1)
    async with connected(await net.proxy()) as connection:
        await steps.read_by(await connection.start(RESPONSES, [JSON], body()))


@pytest.mark.parametrize(("limit", "kept"), [("16m", True), ("100", False)])
async def test_a_streamed_response_can_be_viewed_up_to_the_limit(net: Network, limit: str, kept: bool) -> None:
    """The flow has the whole body, or says that it is missing; the outcome is read in either case."""
    upstream = await net.upstream(streaming(*STREAM))
    proxy = await net.proxy(codex_view_limit=limit)
    watch = watched(proxy)
    await post(proxy, prompt_cache_key="k")
    flow = await watch.end()

    assert flow.response is not None
    assert flow.response.raw_content == (b"".join(STREAM) if kept else None)
    assert await learned(proxy, upstream, "resp_1")
    upstream.answer = responding(whole(b'{"id":"resp_7","output":"%s"}' % (b"x" * 500)))  # in one JSON document
    await post(proxy, path=COMPACT, prompt_cache_key="k")
    assert await learned(proxy, upstream, "resp_7")


@pytest.mark.parametrize("settings", [{"store_streamed_bodies": True}, {"stream_large_bodies": "1"}])
async def test_mitmproxys_own_streaming_options_change_nothing(net: Network, settings: dict[str, Any]) -> None:
    """A response arrives and can be viewed with them, too."""
    await net.upstream(streaming(*STREAM))
    proxy = await net.proxy(**settings)
    watch = watched(proxy)
    async with connected(proxy) as connection:
        reply = await connection.post("/backend-api/wham/stream", method="GET")

    assert reply.body == b"".join(STREAM)
    response = (await watch.end()).response
    assert response is not None
    assert response.raw_content == b"".join(STREAM)
