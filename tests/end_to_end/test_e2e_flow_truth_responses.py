"""Where other addons, options and hands meet a response, the client gets what it would get without this addon, and the
verdict is on what came.
"""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from conftest import Network
from mitmproxy import http
from mitmproxy.addons.intercept import Intercept
from support.journals import CACHED, INPUT
from support.neighbours import (
    GATEWAY,
    MODELS,
    MOVES,
    OtherAddon,
    Runs,
    answers,
    by_hand,
    counted,
    document,
    edit_response,
    fetched,
    is_turn,
    wait,
)
from support.patience import until
from support.proxy import Watch
from support.talks import asked, post
from support.upstream import Exchange, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, RESPONSES, body, event, said

# Responses that are no turns': as without the addon.


@pytest.mark.parametrize("path", [MODELS, "/backend-api/codex/alpha/search", "/backend-api/wham/usage"])
@pytest.mark.parametrize("edits", [{"content": b"edited"}, {"status_code": 203}])
async def test_another_addon_edits_the_response_of_another_endpoint(
    runs: Runs, net: Network, path: str, edits: dict[str, Any]
) -> None:
    """It reaches the client."""
    await net.upstream(responding(whole(b'{"models":["gpt"]}', extra=b"x-odd: 1\r\n")))
    others = [OtherAddon(response=edit_response(**edits))]
    without, with_addon = await answers(runs.both(after=others), path=path, method="GET")

    assert with_addon == without
    assert with_addon.endswith(edits.get("content", b"}"))
    assert with_addon.startswith(b"HTTP/1.1 203") == ("status_code" in edits)


@pytest.mark.parametrize(("path", "text"), [(COMPACT, document()), (RESPONSES, b'{"detail":"no"}')])
async def test_another_edits_the_document_that_answers_a_turn(
    runs: Runs, net: Network, path: str, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Only streams cannot wait. The verdict is on what the backend said."""
    status = "200 OK" if path == COMPACT else "400 Bad Request"
    await net.upstream(responding(whole(text, status=status)))
    others = [OtherAddon(response=edit_response(content=b'{"edited":true}'))]
    without, with_addon = await answers(runs.both(after=others), path=path)

    assert with_addon == without
    assert with_addon.endswith(b'{"edited":true}')
    assert await runs.told("verdict", "status") == [("cold", 200) if path == COMPACT else ("rejected", 400)]
    assert said(caplog) == []


# A response that did not pass the tap.


def answering(content: bytes, **headers: str) -> OtherAddon:
    """Return an addon that answers turns."""

    def answer(flow: http.HTTPFlow) -> None:
        if is_turn(flow):
            flow.response = http.Response.make(
                200, content, {name.replace("_", "-"): headers[name] for name in headers}
            )

    return OtherAddon(request=answer)


STREAM_TYPE = {"content_type": "text/event-stream"}
ELSEWHERE = {
    "an event stream": answering(counted(9_000, 50), **STREAM_TYPE),
    "a document": answering(document(9_000, 50), content_type="application/json"),
    "a packed stream": answering(counted(9_000, 50), content_encoding="gzip", **STREAM_TYPE),
    "a packed document": answering(document(9_000, 50), content_encoding="gzip"),
    "a stream without a type": answering(counted(9_000, 50)),
    "two megabytes": answering(event("response.output_text.delta", delta="x" * (2 << 20)) + counted(9_000, 50)),
}


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_a_response_that_another_addon_gives_is_read(runs: Runs, net: Network, name: str) -> None:
    """With its counters, whatever its coding and its type."""
    upstream = await net.upstream()
    without, with_addon = await answers(runs.both(after=[ELSEWHERE[name]]))
    (row,) = await runs.rows()

    assert with_addon == without
    assert (row["status"], row[INPUT], row[CACHED], row["verdict"]) == (200, 9_000, 50, "cold")
    assert (row["ended"], upstream.requests) == ("elsewhere", [])


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_response_that_another_addon_has_wait_is_read(
    runs: Runs, net: Network, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With stream = False, whereupon its edits reach the client."""

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.content = (flow.response.content or b"").replace(b"resp_1", b"resp_2")

    packed = gzip.compress(counted(9_000, 30)) if coding else counted(9_000, 30)
    extra = f"content-encoding: {coding}\r\n".encode() if coding else b""
    await net.upstream(responding(whole(packed, kind="text/event-stream", extra=extra)))
    others = [OtherAddon(responseheaders=wait, response=edit)]
    without, with_addon = [(await post(proxy)).body async for proxy in runs.both(after=others)]
    (row,) = await runs.rows()

    assert (gzip.decompress(with_addon) if coding else with_addon) == counted(9_000, 30).replace(b"resp_1", b"resp_2")
    assert len(with_addon) == len(without)
    assert (row["status"], row[INPUT], row[CACHED], row["verdict"]) == (200, 9_000, 30, "cold")
    assert said(caplog) == []


async def test_what_an_answer_from_elsewhere_says_is_known_to_the_next_turn(runs: Runs, net: Network) -> None:
    """It is a predecessor like any other."""
    await net.upstream(streaming(counted(9_500, 9_000)))
    proxy = await runs.proxy(after=[OtherAddon(request=lambda flow: first.pop()(flow) if first else None)])
    first = [fetched]
    await post(proxy, ("session-id", "s"), input=asked("one"))
    await post(proxy, ("session-id", "s"), input=asked("one", "two"))
    rows = await runs.rows(2)

    assert [row["verdict"] for row in rows] == ["cold", "hit"]
    assert rows[1]["predecessor"] == rows[0]["turn"]


# Responses that were recorded.


async def recorded(runs: Runs, net: Network, capture: Path, *texts: bytes) -> list[bytes]:
    """Write a capture of turns that a proxy without the addon passed on, and return what the client got."""
    await net.upstream(streaming(counted(9_000, 20)))
    proxy = await runs.bare(watch := Watch())
    replies = [(await post(proxy, text=text)).body for text in texts]
    watch.save(capture)
    return replies


@pytest.mark.parametrize(
    ("settings", "is_replayed", "lines"),
    [
        ({"codex_mode": "observe"}, True, 0),
        ({"server_replay_ignore_content": True}, True, 0),
        ({}, False, 1),
        ({"codex_mode": "pin"}, False, 1),
        ({"server_replay_extra": "404"}, False, 1),
    ],
)
async def test_a_capture_of_a_bare_proxy_is_replayed(
    runs: Runs,
    net: Network,
    tmp_path: Path,
    settings: dict[str, Any],
    is_replayed: bool,
    lines: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where turns are edited it would not be found: that is said at the start, with what helps."""
    texts = [body(input=asked("one")), body(input=asked("two"))]
    replies = await recorded(runs, net, tmp_path / "day.mitm", *texts)
    upstream = await net.upstream(streaming(counted()))
    proxy = await runs.proxy(server_replay=[str(tmp_path / "day.mitm")], **settings)
    started_with = said(caplog)
    again = [await post(proxy, text=text) for text in texts]
    rows = await runs.rows(2)

    assert ([reply.body for reply in again] == replies) == is_replayed
    assert [row.get(CACHED) for row in rows] == (
        [20, 20] if is_replayed else [None] * 2 if "404" in str(settings) else [0] * 2
    )
    assert len(upstream.requests) == (0 if is_replayed or settings.get("server_replay_extra") else 2)
    assert [line.split()[0] for line in started_with] == ["server_replay"] * lines


async def test_a_capture_of_a_proxy_with_the_addon_is_replayed_in_its_mode(
    runs: Runs, net: Network, tmp_path: Path
) -> None:
    """The same turn is edited to the same bytes, by any start."""
    upstream = await net.upstream(streaming(counted(9_000, 20)))
    await post(await runs.proxy())
    runs.watch.save(tmp_path / "day.mitm")
    reply = await post(await runs.proxy(server_replay=[str(tmp_path / "day.mitm")]))

    assert (reply.body, len(upstream.requests)) == (counted(9_000, 20), 1)
    assert [ended for (ended,) in await runs.told("ended", count=2)] == ["completed", "elsewhere"]


async def test_a_document_in_pieces_is_read_whatever_option_streams_it(
    runs: Runs, net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """mitmproxy sees only as it comes that it is over stream_large_bodies."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    text = document(9_000, 20) + b" " * 5_000
    await net.upstream(responding(head, *(chunk(text[at : at + 500]) for at in range(0, len(text), 500)), chunk(b"")))
    proxies = runs.both(stream_large_bodies="2k")
    without, with_addon = [(await post(proxy, path=COMPACT)).body async for proxy in proxies]
    (row,) = await runs.rows()

    assert with_addon == without == text
    assert (row[INPUT], row[CACHED]) == (9_000, 20)
    assert [line.split()[0] for line in said(caplog)] == ["stream_large_bodies"]


async def test_a_document_that_is_cut_has_its_status(runs: Runs, net: Network) -> None:
    """And no counters."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(whole(document())[:-5])
        exchange.writer.transport.abort()

    await net.upstream(answer)
    replies = [await post(proxy, path=COMPACT) async for proxy in runs.both()]
    (row,) = await runs.rows()

    assert [reply.status for reply in replies] == [502, 502]
    assert (row["status"], row["verdict"], row["ended"]) == (200, "no_usage", "cut")


# A streamed response that is edited after it has gone.


async def edit_slowly(flow: http.HTTPFlow) -> None:
    await asyncio.sleep(0)
    edit_response(content=b"edited")(flow)


LATE: dict[str, dict[str, Any]] = {
    "before": {"before": [OtherAddon(response=edit_response(content=b"edited"))]},
    "after": {"after": [OtherAddon(response=edit_response(content=b"edited"))]},
    "slowly after": {"after": [OtherAddon(response=edit_slowly)]},
    "its status": {"after": [OtherAddon(response=edit_response(status_code=201))]},
    "by an option": {"modify_body": ["|~s|resp|edited"]},
}


@pytest.mark.parametrize("name", LATE)
async def test_an_edit_of_a_response_that_has_gone_is_said_once(
    runs: Runs, net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client got it event by event, and what the flow shows then is not what it got."""
    await net.upstream(streaming(counted(9_000, 10)))
    proxy = await runs.proxy(**LATE[name])
    replies = [await post(proxy) for _ in range(2)]

    assert [(reply.status, reply.body) for reply in replies] == [(200, counted(9_000, 10))] * 2
    assert await runs.told(CACHED, count=2) == [(10,), (10,)]
    assert ["had already been passed on" in line for line in said(caplog)].count(True) == 1


async def test_a_response_that_is_intercepted_when_it_has_gone_is_told_of(
    runs: Runs, net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hand does to it has no effect."""
    flows = list[http.HTTPFlow]()
    await net.upstream(streaming(counted()))
    proxy = await runs.proxy(after=[Intercept(), OtherAddon(response=flows.append)], intercept="~s")
    await by_hand(lambda flow: None, flows, post(proxy))

    assert ["had already been passed on" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize("settings", [{}, {"store_streamed_bodies": True}])
async def test_a_response_that_another_addon_alters_as_it_passes_is_no_late_edit(
    runs: Runs, net: Network, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It sets response.stream, loaded before or after this addon, and the client gets what it makes."""

    def alter(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        inner = flow.response.stream
        heard = inner if callable(inner) else bytes
        flow.response.stream = lambda chunk: b"".join([heard(chunk)]).upper()  # type: ignore[list-item]

    await net.upstream(streaming(counted(9_000, 10)))
    for order in ("before", "after"):
        order_of: dict[str, Any] = {order: [OtherAddon(responseheaders=alter)]}
        assert (await post(await runs.proxy(**order_of, **settings))).body == counted(9_000, 10).upper()
    rows = await runs.rows(2)

    assert [row[CACHED] for row in rows] == [10, 10]
    assert said(caplog) == []


async def test_a_redacted_flow_is_no_late_edit(runs: Runs, net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """What this addon itself removes is not said to be another's doing."""
    answer = stream_head(b"set-cookie: a=b\r\n"), chunk(counted()), chunk(b"")
    await net.upstream(responding(*answer))
    await post(await runs.proxy(codex_redact="on"), ("authorization", "Bearer x"))
    await runs.rows()

    assert said(caplog) == []


async def test_a_moved_turns_flow_is_redacted(runs: Runs, net: Network) -> None:
    """It holds the client's token, wherever it went."""
    await net.upstream()
    gateway = await net.upstream(streaming(counted()), host=GATEWAY)
    for name in ("map_remote", "an addon before this one"):
        await post(await runs.proxy(codex_redact="on", **MOVES[name]), ("authorization", "Bearer x"))
        assert gateway.last.values("authorization") == ["Bearer x"]
        await until(lambda: runs.watch.ended)
        assert "authorization" not in runs.watch.ended[-1].request.headers
