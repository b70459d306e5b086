"""How a turn ended is one word in the journal: over HTTP, HTTP/2 and WebSockets, and again from what was saved."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from codexcache.body.json_splice import Object
from codexcache.hooks.capture_reader import SavedTurn, read_saved_request, read_saved_socket
from codexcache.hooks.notify import turn_summaries
from conftest import Network
from mitmproxy import http, io
from support.client import connected
from support.http2 import Exchange as Http2Exchange
from support.http2 import http2_connected
from support.neighbours import OtherAddon, Runs
from support.proxy import Watch
from support.sockets import HANDSHAKE, Peer, opened, talking
from support.talks import post
from support.upstream import Answer, Exchange, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, completed, event, frame, spelled

CREATED = event("response.created", response={"id": "resp_1"})
FAILED = event("response.failed", response={"id": "resp_1", "error": {"code": "server_error"}})
INCOMPLETE = event("response.incomplete", response={"id": "resp_1"})
DOCUMENT = spelled({"id": "resp_1", "output": []})


def encoded(coding: bytes, *chunks: bytes) -> Answer:
    return responding(stream_head(b"content-encoding: %s\r\n" % coding), *map(chunk, chunks), chunk(b""))


async def aborting(exchange: Exchange) -> None:
    """Begin a response, and drop the connection."""
    await exchange.send(stream_head(), chunk(CREATED))
    exchange.writer.transport.abort()


PACKED = gzip.compress(CREATED)

BY_BACKEND: dict[str, tuple[Answer, str]] = {
    "its last event": (streaming(CREATED, completed()), "completed"),
    "an event that it is incomplete": (streaming(INCOMPLETE), "incomplete"),
    "an event that it failed": (streaming(CREATED, FAILED), "failed"),
    "an error in the stream": (streaming(CREATED, event("error", code="server_error")), "failed"),
    "no last event": (streaming(CREATED), "cut"),
    "an empty response": (streaming(), "cut"),
    "a connection that is lost": (aborting, "cut"),
    "a document": (responding(whole(DOCUMENT)), "completed"),
    "half a document": (responding(whole(DOCUMENT[:-3])), "cut"),
    "an error": (responding(whole(b'{"detail":"no"}', "400 Bad Request")), "refused"),
    "an error without words": (responding(whole(b"", "503 Service Unavailable")), "refused"),
    "a page that asks for a browser": (responding(whole(b"<html>", "403 Forbidden", "text/html")), "refused"),
    "a coding that nobody knows": (encoded(b"snappy", b"x"), "unreadable: snappy"),
    "bytes that are not of its coding": (encoded(b"gzip", b"no gzip at all"), "unreadable: gzip"),
    "a coding that breaks off": (encoded(b"gzip", PACKED[:-9]), "cut"),
    "its last event in a coding": (encoded(b"gzip", gzip.compress(completed())), "completed"),
}


@pytest.mark.parametrize("name", BY_BACKEND)
async def test_what_the_backend_sends_last_says_how_the_turn_ended(runs: Runs, net: Network, name: str) -> None:
    answer, ended = BY_BACKEND[name]
    await net.upstream(answer)
    async with connected(await runs.proxy()) as connection:
        connection.begin(_request(connection.host), "POST")

        assert await runs.told("ended") == [(ended,)]


def _request(host: str, path: str = RESPONSES) -> bytes:
    content = body()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


@pytest.mark.parametrize(("events", "ended"), [((CREATED, completed()), "completed"), ((CREATED,), "cancelled")])
@pytest.mark.parametrize("protocol", ["1.1", "2, its stream", "2, its connection"])
async def test_a_client_that_hangs_up_has_cancelled_the_turn_unless_it_had_its_last_event(
    runs: Runs, net: Network, protocol: str, events: tuple[bytes, ...], ended: str
) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), *map(chunk, events))
        await exchange.reader.read()  # until the proxy hangs up as well

    await net.upstream(answer)
    proxy = await runs.proxy(connection_strategy="lazy")  # or ALPN would be the server's choice
    if protocol == "1.1":
        async with connected(proxy) as connection:
            response = await connection.start(RESPONSES, [JSON], body())
            for _ in events:
                await response.piece()
            connection.writer.transport.abort()
            assert await runs.told("ended") == [(ended,)]
        return
    async with http2_connected(proxy) as client:
        stream = await client.start(RESPONSES, [JSON], body())
        while not stream.body.endswith(events[-1]):
            await stream.piece()
        if protocol == "2, its stream":
            await stream.cancel()
            assert await runs.told("ended") == [(ended,)]
    assert await runs.told("ended") == [(ended,)]


async def test_a_backend_that_drops_an_http2_connection_cuts_the_turn(runs: Runs, net: Network) -> None:
    async def answer(exchange: Http2Exchange) -> None:
        await exchange.respond([(":status", "200"), ("content-type", "text/event-stream")])
        await exchange.send(CREATED)
        exchange.wire.writer.transport.abort()

    await net.http2_upstream(answer)
    async with http2_connected(await runs.proxy(connection_strategy="lazy")) as client:
        await client.start(RESPONSES, [JSON], body())

        assert await runs.told("ended") == [("cut",)]


async def test_a_turn_that_is_killed_by_hand_is_cancelled(runs: Runs, net: Network) -> None:
    """Unless its last event comes all the same: mitmproxy looks only when the response is over."""
    killed = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), chunk(CREATED))
        await killed.wait()
        await exchange.send(chunk(CREATED), chunk(b""))

    await net.upstream(answer)
    async with connected(await runs.proxy()) as connection:
        response = await connection.start(RESPONSES, [JSON], body())
        await response.piece()
        runs.watch.flows[0].kill()
        killed.set()

        assert await runs.told("ended") == [("cancelled",)]


async def test_a_compaction_is_completed_by_its_document(runs: Runs, net: Network) -> None:
    await net.backend()
    await post(await runs.proxy(), ("session_id", "s"), path=COMPACT, text=spelled({"model": "gpt-5.5", "input": []}))

    assert await runs.told("endpoint", "ended", "served_model") == [("compact", "completed", "gpt-5.5")]


def own_answer(flow: http.HTTPFlow) -> None:
    flow.response = http.Response.make(200, completed(), {"content-type": "text/event-stream"})


def own_refusal(flow: http.HTTPFlow) -> None:
    flow.response = http.Response.make(403, b"{}")


@pytest.mark.parametrize("answer", [own_answer, own_refusal])
@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_turn_that_another_addon_answers_was_answered_elsewhere(
    runs: Runs, net: Network, place: str, answer: Callable[[http.HTTPFlow], None]
) -> None:
    upstream = await net.upstream()
    addons = {place: [OtherAddon(request=answer)]}
    await post(await runs.proxy(**addons))

    assert upstream.requests == []
    assert await runs.told("ended") == [("elsewhere",)]


async def test_an_option_of_mitmproxys_answers_elsewhere_too(runs: Runs, net: Network) -> None:
    await net.upstream()
    await post(await runs.proxy(block_list=["|~u responses|403"]))

    assert await runs.told("ended") == [("elsewhere",)]


async def test_how_a_turn_ended_is_not_told_where_nothing_was_heard_of_its_response(runs: Runs, net: Network) -> None:
    """Another addon has it pass by."""

    def take_over(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.stream = lambda chunk: chunk

    await net.upstream(streaming(CREATED, completed()))
    await post(await runs.proxy(after=[OtherAddon(responseheaders=take_over)]))

    assert await runs.told("status", "ended") == [(200, None)]


@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_handshake_is_refused_by_the_backend_or_elsewhere(runs: Runs, net: Network, place: str) -> None:
    await net.upstream(responding(whole(b"{}", "426 Upgrade Required")))
    async with connected(await runs.proxy()) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE], method="GET")
    assert await runs.told("endpoint", "ended") == [("handshake", "refused")]

    addons = {place: [OtherAddon(request=own_refusal)]}
    async with connected(await runs.proxy(**addons)) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE], method="GET")
    assert (await runs.told("endpoint", "ended", count=2))[1:] == [("handshake", "elsewhere")]


ENDS: dict[str, tuple[int | None, str]] = {
    "completed": (None, "completed"),
    "1008": (1008, "closed 1008"),
    "1011": (1011, "closed 1011"),
    "no close frame": (None, "cut"),
    "client": (None, "cancelled"),
    "client, in order": (1000, "cancelled"),
    "refused": (None, "refused"),
    "failed": (None, "failed"),
}


def created() -> str:
    return spelled({"type": "response.created", "response": {"id": "resp_1"}}).decode()


LAST: dict[str, dict[str, Any]] = {
    "completed": {"type": "response.completed", "response": {"id": "resp_1", "usage": {"input_tokens": 5}}},
    "refused": {"type": "error", "status": 400, "error": {"code": "bad"}},
    "failed": {"type": "response.failed", "response": {"id": "resp_1"}},
}


@pytest.mark.parametrize("name", ENDS)
async def test_a_socket_says_how_its_turn_ended_and_a_capture_of_it_too(
    runs: Runs, net: Network, tmp_path: Path, name: str
) -> None:
    """With the summaries that a flow carries, and without them."""
    code, ended = ENDS[name]

    async def talk(peer: Peer) -> None:
        await peer.receive()
        if name != "refused":
            await peer.send(created())
        if name in LAST:
            await peer.send(spelled(LAST[name]).decode())
        elif name == "no close frame":
            peer.writer.transport.abort()
        elif code and code != 1000:
            peer.close(code)
        await peer.receive()

    await net.upstream(talking(talk))
    async with opened(await runs.proxy()) as peer:
        await peer.send(frame())
        while name in LAST and LAST[name]["type"] not in str(await peer.receive()):
            pass
        if name in (*LAST, "client"):
            peer.writer.transport.abort()
        elif code == 1000:
            await peer.receive()
            peer.close(1000)
        assert await runs.told("ended") == [(ended,)]
        await runs.watch.end()
    assert ended_in_capture(runs.watch, tmp_path / "a.mitm") == ([ended], [ended])


def ended_in_capture(watch: Watch, path: Path) -> tuple[list[str], list[str]]:
    """Return how turns ended as told of a capture with the summaries of turns, and of one without."""
    watch.save(path)
    with path.open("rb") as file:
        flows = [flow for flow in io.FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]
    known = [turn for flow in flows for turn in saved_turns(flow, turn_summaries(flow))]
    unknown = [turn for flow in flows for turn in saved_turns(flow, [])]
    return [turn.exchange.response_info.ended for turn in known], [
        turn.exchange.response_info.ended for turn in unknown
    ]


def saved_turns(flow: http.HTTPFlow, summaries: list[Object]) -> list[SavedTurn]:
    if flow.websocket:
        return [*read_saved_socket(flow, "chatgpt.com", summaries)]
    return [read_saved_request(flow, "chatgpt.com", "responses", summaries)]


CAPTURED: dict[str, tuple[Answer, str, str]] = {
    "completed": (streaming(CREATED, completed()), "completed", "completed"),
    "cut": (aborting, "cut", "cut"),
    "refused": (responding(whole(b"{}", "400 Bad Request")), "refused", "refused"),
    "unreadable": (encoded(b"snappy", b"x"), "unreadable: snappy", "unreadable: snappy"),
}


@pytest.mark.parametrize("name", CAPTURED)
async def test_a_capture_of_requests_says_how_their_turns_ended(
    runs: Runs, net: Network, tmp_path: Path, name: str
) -> None:
    answer, live, again = CAPTURED[name]
    await net.upstream(answer)
    async with connected(await runs.proxy()) as connection:
        connection.begin(_request(connection.host), "POST")
        assert await runs.told("ended") == [(live,)]
        await runs.watch.end()

    assert ended_in_capture(runs.watch, tmp_path / "a.mitm") == ([live], [again])


async def test_that_a_turn_was_answered_elsewhere_is_known_of_a_capture_by_its_summary(
    runs: Runs, net: Network, tmp_path: Path
) -> None:
    await net.upstream()
    await post(await runs.proxy(before=[OtherAddon(request=own_answer)]))
    await runs.watch.end()

    assert ended_in_capture(runs.watch, tmp_path / "a.mitm") == (["elsewhere"], ["completed"])
