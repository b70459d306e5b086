"""Where other addons, options of mitmproxy and hands meet a turn: the client gets what it would get without this addon,
and journal and verdict describe what left and what came.
"""

import asyncio
import gzip
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from codexcache.hooks.notify import turn_summaries
from conftest import Stage
from embedded_backend.certificates import Authority
from mitmproxy import http, io
from mitmproxy.addons.intercept import Intercept
from support import http2
from support.client import Field, Reply, connected
from support.proxy import Proxy
from support.talks import asked, until
from support.upstream import Exchange, Request, chunk, responding, stream_head, streaming, whole
from support.wire import COMPACT, JSON, RESPONSES, body, completed, event, said

MODELS = "/backend-api/codex/models"
GATEWAY = "gateway.example"
INPUT, CACHED = "gen_ai.usage.input_tokens", "gen_ai.usage.cache_read.input_tokens"
TOOLS = [{"type": "function", "name": "shell", "description": "one"}]
OTHER_TOOLS = [{"type": "function", "name": "shell", "description": "another"}]
REFUSED = whole(b'{"detail":"Unsupported parameter: user"}', status="400 Bad Request")


def counted(given: int = 9_000, cached: int = 0) -> bytes:
    """Return the last event of a response with these counters."""
    usage = {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": 5}
    return completed("resp_1", usage=usage)


def document(given: int = 9_000, cached: int = 0) -> bytes:
    """Return a response as one JSON document with these counters."""
    usage = {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}}
    return orjson.dumps({"id": "resp_1", "usage": usage})


class Scripts:
    """Addons in the place where mitmproxy has its scripts: before its own map_local, modify_body and the like."""

    name = "scripts"

    def __init__(self, *addons: object) -> None:
        self.addons = list(addons)


class Edit:
    """Another addon, which does something in one or more hooks, to the flows of turns or to all."""

    def __init__(self, **hooks: Callable[[http.HTTPFlow], object]) -> None:
        for name, hook in hooks.items():
            setattr(self, name, hook)


class Kept:
    """Another addon, which keeps the flows that have ended."""

    def __init__(self) -> None:
        self.flows: list[http.HTTPFlow] = []

    def response(self, flow: http.HTTPFlow) -> None:
        self.flows.append(flow)


class Desk:
    """Proxies with and without the addon before the same servers, and what is known of the last one with it."""

    def __init__(self, stage: Stage, journal: Path) -> None:
        self._stage, self._journal = stage, journal
        self.codex = CodexContinuity()
        self.kept = Kept()

    async def bare(self, *addons: object, **settings: Any) -> Proxy:
        """Start a proxy without the addon."""
        return await self._start(*addons, Kept(), **settings)

    async def proxy(self, *, before: Iterable[object] = (), after: Iterable[object] = (), **settings: Any) -> Proxy:
        """Start a proxy with the addon, and with others before and after it."""
        self.codex, self.kept = CodexContinuity(), Kept()
        return await self._start(*before, self.codex, *after, self.kept, codex_journal=str(self._journal), **settings)

    async def both(
        self, *, before: Iterable[object] = (), after: Iterable[object] = (), **settings: Any
    ) -> AsyncIterator[Proxy]:
        """Yield a proxy without the addon and then one with it, else the same; mitmproxy runs one at a time."""
        yield await self.bare(*before, *after, **settings)
        yield await self.proxy(before=before, after=after, **settings)

    async def rows(self, count: int = 1) -> list[Object]:
        """Return the journal's rows, when there are so many."""
        await until(lambda: self._journal.exists() and len(self._journal.read_bytes().splitlines()) >= count)
        rows = [orjson.loads(line) for line in self._journal.read_bytes().splitlines()]
        assert len(rows) == count
        return rows

    def pseudonym(self, key: str) -> object:
        """Return what stands for a key in the journal."""
        return self.codex.notifier.pseudonyms.of("key", key)

    async def _start(self, *addons: object, **settings: Any) -> Proxy:
        proxy = await self._stage.proxy(scripts := Scripts(*addons), **settings)
        chain = proxy.master.addons.chain
        chain.remove(scripts)
        chain.insert(chain.index(proxy.master.addons.get("scriptloader")) + 1, scripts)
        return proxy


@pytest.fixture
def desk(stage: Stage, tmp_path: Path) -> Desk:
    return Desk(stage, tmp_path / "journal.jsonl")


async def post(
    proxy: Proxy, text: bytes | None = None, *fields: Field, path: str = RESPONSES, method: str = "POST"
) -> Reply:
    """Send one request, by default a turn without any identity, and return the response."""
    async with connected(proxy) as connection:
        return await connection.post(path, [JSON, *fields], body() if text is None else text, method)


async def answers(proxies: AsyncIterable[Proxy], path: str = RESPONSES, method: str = "POST") -> list[bytes]:
    """Return every byte that a client gets from each of some proxies."""
    text = b"" if method == "GET" else body()
    return [bytes((await post(proxy, text, path=path, method=method)).raw) async for proxy in proxies]


def is_turn(flow: http.HTTPFlow) -> bool:
    return flow.request.path.startswith(RESPONSES)


async def by_hand(
    proxy: Proxy, edit: Callable[[http.HTTPFlow], object], kept: list[http.HTTPFlow], sending: Awaitable[Reply]
) -> Reply:
    """Send a request; edit its flow when it is intercepted, and resume it."""
    task = asyncio.ensure_future(sending)
    await until(lambda: kept and kept[-1].intercepted)
    edit(kept[-1])
    kept[-1].resume()
    return await task


# Responses that are no turns': as without the addon.


@pytest.mark.parametrize("path", [MODELS, "/backend-api/codex/alpha/search", "/backend-api/wham/usage"])
@pytest.mark.parametrize("name", ["option", "content", "status"])
async def test_another_edits_the_response_of_another_endpoint(desk: Desk, stage: Stage, path: str, name: str) -> None:
    """It reaches the client, whoever makes it."""

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.content = {"content": b'{"models":["edited"]}'}.get(name, flow.response.content)
        flow.response.status_code = {"status": 203}.get(name, 200)

    await stage.upstream(responding(whole(b'{"models":["gpt"]}', extra=b"x-odd: 1\r\n")))
    option = {"modify_body": ["|~s ~d chatgpt.com|gpt|edited"]} if name == "option" else {}
    bare, ours = await answers(desk.both(after=[Edit(response=edit)], **option), path=path, method="GET")

    assert ours == bare
    assert (b"edited" in ours) == (name != "status")
    assert ours.startswith(b"HTTP/1.1 203") == (name == "status")


async def test_a_hand_edits_the_response_of_another_endpoint(desk: Desk, stage: Stage) -> None:
    """Intercepted as in mitmweb; flow and client agree."""

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.text = "edited"

    await stage.upstream(responding(whole(b'{"models":["gpt"]}')))
    replies = []
    for with_addon in (False, True):
        flows = list[http.HTTPFlow]()
        others = [Intercept(), Edit(response=flows.append)]
        proxy = await (desk.proxy(after=others, intercept="~s") if with_addon else desk.bare(*others, intercept="~s"))
        replies.append(await by_hand(proxy, edit, flows, post(proxy, b"", path=MODELS, method="GET")))
        assert flows[-1].response is not None
        assert flows[-1].response.content == replies[-1].body == b"edited"

    assert replies[0].raw == replies[1].raw


async def test_an_addon_that_listens_to_other_responses_is_left_alone(desk: Desk, stage: Stage) -> None:
    """A response that is no turn's is streamed only where another wants it."""
    streamed = list[object]()

    def look(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        streamed.append(flow.response.stream)

    await stage.upstream(responding(whole(b"{}")))
    await answers(desk.both(after=[Edit(responseheaders=look)]), path=MODELS, method="GET")

    assert streamed == [False, False]


@pytest.mark.parametrize(("path", "text"), [(COMPACT, document()), (RESPONSES, b'{"detail":"no"}')])
async def test_another_edits_the_document_that_answers_a_turn(
    desk: Desk, stage: Stage, path: str, text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Only streams cannot wait. The verdict is on what the backend said."""

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.content = b'{"edited":true}'

    status = "200 OK" if path == COMPACT else "400 Bad Request"
    await stage.upstream(responding(whole(text, status=status)))
    bare, ours = await answers(desk.both(after=[Edit(response=edit)]), path=path)
    (row,) = await desk.rows()

    assert ours == bare
    assert ours.endswith(b'{"edited":true}')
    assert (row["verdict"], row["status"]) == (("cold", 200) if path == COMPACT else ("rejected", 400))
    assert said(caplog) == []


# A turn that goes to another host.


def move(flow: http.HTTPFlow) -> None:
    flow.request.host = GATEWAY


def move_to_an_alias(flow: http.HTTPFlow) -> None:
    flow.request.host, flow.request.path = GATEWAY, flow.request.path.removeprefix("/backend-api")


MOVES: dict[str, dict[str, Any]] = {
    "map_remote": {"map_remote": ["|https://chatgpt.com/|https://gateway.example/"]},
    "an addon after this one": {"after": [Edit(request=move)]},
    "an addon before this one": {"before": [Edit(request=move)]},
    "to an alias, before": {"before": [Edit(request=move_to_an_alias)]},
    "to an alias, after": {"after": [Edit(request=move_to_an_alias)]},
}


@pytest.mark.parametrize("name", MOVES)
async def test_a_turn_that_is_moved_to_another_host_is_still_a_turn(
    desk: Desk, stage: Stage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It has its key, and a refusal is heard and told of."""
    gateway = await stage.upstream(responding(REFUSED), host=GATEWAY)
    await stage.upstream()
    turn = body(user="u"), ("session-id", "s")
    bare, ours = [await post(proxy, *turn) async for proxy in desk.both(**MOVES[name])]
    (row,) = await desk.rows()

    assert ours.raw == bare.raw
    assert gateway.requests[1].target == gateway.requests[0].target
    assert gateway.last.body == body(user="u", prompt_cache_key="s")
    assert row["verdict"] == "rejected"
    assert "'user'" in str(row["because"])
    assert (row["key"], row["status"]) == (desk.pseudonym("s"), 400)
    assert row["changed"] == ["session_id", "prompt_cache_key"]
    assert ["set codex_strip=" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize("name", ["map_remote", "an addon before this one"])
@pytest.mark.parametrize("path", [COMPACT, RESPONSES])
async def test_the_counters_of_a_moved_turn_are_heard(desk: Desk, stage: Stage, name: str, path: str) -> None:
    answer = whole(document(9_000, 70)) if path == COMPACT else None
    await stage.upstream()
    await stage.upstream(responding(answer) if answer else streaming(counted(9_000, 70)), host=GATEWAY)
    bare, ours = await answers(desk.both(**MOVES[name]), path=path)
    (row,) = await desk.rows()

    assert ours == bare
    assert (row[INPUT], row[CACHED], row["endpoint"]) == (9_000, 70, path.rpartition("/")[2])


async def test_a_stream_from_another_host_passes_event_by_event(desk: Desk, stage: Stage) -> None:
    """The second event is sent when the first has arrived."""
    arrived = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), chunk(event("response.created")))
        await asyncio.wait_for(arrived.wait(), 5)
        await exchange.send(chunk(counted()), chunk(b""))

    await stage.upstream()
    await stage.upstream(answer, host=GATEWAY)
    async with connected(await desk.proxy(**MOVES["map_remote"])) as connection:
        reply = await connection.start(RESPONSES, [JSON], body())
        assert await reply.piece() == event("response.created")
        arrived.set()
        await reply.rest()


async def test_a_turn_that_becomes_another_request_is_none(desk: Desk, stage: Stage) -> None:
    """An addon that translates it for another backend gets it as the client sent it."""

    def translate(flow: http.HTTPFlow) -> None:
        flow.request.host, flow.request.path = GATEWAY, "/v1/chat/completions"

    await stage.upstream()
    gateway = await stage.upstream(host=GATEWAY)
    await answers(desk.both(before=[Edit(request=translate)]))

    assert gateway.requests[0].raw == gateway.requests[1].raw


# A turn that was answered before it was read.


def fetched(flow: http.HTTPFlow) -> None:
    """Answer a turn, as an addon does that fetches the response by itself."""
    if is_turn(flow):
        flow.response = http.Response.make(200, counted(9_000, 60), {"content-type": "text/event-stream"})


@pytest.mark.parametrize("hook", ["requestheaders", "request"])
async def test_a_turn_that_was_answered_before_is_not_edited(
    desk: Desk, stage: Stage, hook: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal claims nothing that did not leave, and the order of loading is advised once."""
    upstream = await stage.upstream()
    proxies = desk.both(before=[Edit(**{hook: fetched})])
    replies = [bytes((await post(proxy, body(stream_options={}))).raw) async for proxy in proxies for _ in range(2)]
    rows = await desk.rows(2)

    assert len(set(replies)) == 1
    assert upstream.requests == []
    assert [row["changed"] for row in rows] == [[], []]
    assert [(row["key"], row["key_source"], row["mode"]) for row in rows] == [(None, "none", "fill")] * 2
    assert [(row[INPUT], row[CACHED], row["status"]) for row in rows] == [(9_000, 60, 200)] * 2
    assert desk.kept.flows[-1].request.content == body(stream_options={})
    assert len(said(caplog)) == 1
    assert "load this one first: -s codex_continuity.py -s OTHER.py" in said(caplog)[0]


async def test_the_session_that_an_answered_turn_came_with_is_its_key(desk: Desk, stage: Stage) -> None:
    """Nothing is written, but what the client sent did leave, as far as anyone knows."""
    await stage.upstream()
    await post(await desk.proxy(before=[Edit(request=fetched)]), None, ("session-id", "s"), ("x-session-id", "t"))
    (row,) = await desk.rows()

    assert (row["key"], row["changed"]) == (desk.pseudonym("s"), [])


async def test_a_turn_that_is_blocked_by_an_option_is_told_of_and_nothing_advised(
    desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The user wants it so."""
    upstream = await stage.upstream()
    option = {"block_list": ["|~u codex/responses|403"]}
    bare = (await post(await desk.bare(**option))).raw
    proxy = await desk.proxy(**option)
    proxy.master.addons.get("scripts").addons.remove(desk.kept)
    ours = (await post(proxy)).raw
    (row,) = await desk.rows()

    assert ours == bare
    assert (row["verdict"], row["status"], row["changed"], upstream.requests) == ("rejected", 403, [], [])
    assert said(caplog) == []


# A response that did not pass the tap.


def answering(content: bytes, **headers: str) -> Edit:
    """Return an addon that answers turns."""

    def answer(flow: http.HTTPFlow) -> None:
        if is_turn(flow):
            flow.response = http.Response.make(
                200, content, {name.replace("_", "-"): headers[name] for name in headers}
            )

    return Edit(request=answer)


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
async def test_a_response_that_another_addon_gives_is_read(desk: Desk, stage: Stage, name: str) -> None:
    """With its counters, whatever its coding and its type."""
    upstream = await stage.upstream()
    bare, ours = await answers(desk.both(after=[ELSEWHERE[name]]))
    (row,) = await desk.rows()

    assert ours == bare
    assert (row["status"], row[INPUT], row[CACHED], row["verdict"]) == (200, 9_000, 50, "cold")
    assert upstream.requests == []


@pytest.mark.parametrize("suffix", ["sse", "txt", "json", ""])
async def test_a_response_from_a_file_is_read(desk: Desk, stage: Stage, suffix: str, tmp_path: Path) -> None:
    """map_local takes its type from its name."""
    file = tmp_path / f"answer.{suffix}"
    file.write_bytes(document(9_000, 40) if suffix == "json" else counted(9_000, 40))
    upstream = await stage.upstream()
    bare, ours = await answers(desk.both(map_local=[f"|codex/responses|{file}"]))
    (row,) = await desk.rows()

    assert ours == bare
    assert (row["status"], row[INPUT], row[CACHED], row["verdict"]) == (200, 9_000, 40, "cold")
    assert upstream.requests == []


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_response_that_another_addon_has_wait_is_read(
    desk: Desk, stage: Stage, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With stream = False, whereupon its edits reach the client."""

    def wait(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.stream = False

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.content = (flow.response.content or b"").replace(b"resp_1", b"resp_2")

    packed = gzip.compress(counted(9_000, 30)) if coding else counted(9_000, 30)
    extra = f"content-encoding: {coding}\r\n".encode() if coding else b""
    await stage.upstream(responding(whole(packed, kind="text/event-stream", extra=extra)))
    others = [Edit(responseheaders=wait, response=edit)]
    bare, ours = [(await post(proxy)).body async for proxy in desk.both(after=others)]
    (row,) = await desk.rows()

    assert (gzip.decompress(ours) if coding else ours) == counted(9_000, 30).replace(b"resp_1", b"resp_2")
    assert len(ours) == len(bare)
    assert (row["status"], row[INPUT], row[CACHED], row["verdict"]) == (200, 9_000, 30, "cold")
    assert said(caplog) == []


async def test_what_an_answer_from_elsewhere_says_is_known_to_the_next_turn(desk: Desk, stage: Stage) -> None:
    """It is a predecessor like any other."""
    await stage.upstream(streaming(counted(9_500, 9_000)))
    proxy = await desk.proxy(after=[Edit(request=lambda flow: first.pop()(flow) if first else None)])
    first = [fetched]
    await post(proxy, body(input=asked("one")), ("session-id", "s"))
    await post(proxy, body(input=asked("one", "two")), ("session-id", "s"))
    rows = await desk.rows(2)

    assert [row["verdict"] for row in rows] == ["cold", "hit"]
    assert rows[1]["predecessor"] == rows[0]["turn"]


# Responses that were recorded.


async def recorded(desk: Desk, stage: Stage, capture: Path, *texts: bytes) -> list[bytes]:
    """Write a capture of turns that a proxy without the addon passed on, and return what the client got."""
    await stage.upstream(streaming(counted(9_000, 20)))
    kept = Kept()
    proxy = await desk.bare(kept)
    replies = [(await post(proxy, text)).body for text in texts]
    with capture.open("wb") as file:
        writer = io.FlowWriter(file)
        for flow in kept.flows:
            writer.add(flow)
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
    desk: Desk,
    stage: Stage,
    tmp_path: Path,
    settings: dict[str, Any],
    is_replayed: bool,
    lines: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where turns are edited it would not be found: that is said at the start, with what helps."""
    texts = [body(input=asked("one")), body(input=asked("two"))]
    replies = await recorded(desk, stage, tmp_path / "day.mitm", *texts)
    upstream = await stage.upstream(streaming(counted()))
    proxy = await desk.proxy(server_replay=[str(tmp_path / "day.mitm")], **settings)
    started_with = said(caplog)
    again = [await post(proxy, text) for text in texts]
    rows = await desk.rows(2)

    assert ([reply.body for reply in again] == replies) == is_replayed
    assert [row.get(CACHED) for row in rows] == (
        [20, 20] if is_replayed else [None] * 2 if "404" in str(settings) else [0] * 2
    )
    assert len(upstream.requests) == (0 if is_replayed or settings.get("server_replay_extra") else 2)
    assert [line.split()[0] for line in started_with] == ["server_replay"] * lines


async def test_a_capture_of_a_proxy_with_the_addon_is_replayed_in_its_mode(
    desk: Desk, stage: Stage, tmp_path: Path
) -> None:
    """The same turn is edited to the same bytes, by any start."""
    upstream = await stage.upstream(streaming(counted(9_000, 20)))
    await post(await desk.proxy())
    with (tmp_path / "day.mitm").open("wb") as file:
        io.FlowWriter(file).add(desk.kept.flows[0])
    reply = await post(await desk.proxy(server_replay=[str(tmp_path / "day.mitm")]))

    assert (reply.body, len(upstream.requests)) == (counted(9_000, 20), 1)


async def test_a_document_in_pieces_is_read_whatever_option_streams_it(
    desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """mitmproxy sees only as it comes that it is over stream_large_bodies."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    text = document(9_000, 20) + b" " * 5_000
    await stage.upstream(responding(head, *(chunk(text[at : at + 500]) for at in range(0, len(text), 500)), chunk(b"")))
    proxies = desk.both(stream_large_bodies="2k")
    bare, ours = [(await post(proxy, path=COMPACT)).body async for proxy in proxies]
    (row,) = await desk.rows()

    assert ours == bare == text
    assert (row[INPUT], row[CACHED]) == (9_000, 20)
    assert [line.split()[0] for line in said(caplog)] == ["stream_large_bodies"]


async def test_a_document_that_is_cut_has_its_status(desk: Desk, stage: Stage) -> None:
    """And no counters."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(whole(document())[:-5])
        exchange.writer.transport.abort()

    await stage.upstream(answer)
    replies = [await post(proxy, path=COMPACT) async for proxy in desk.both()]
    (row,) = await desk.rows()

    assert [reply.status for reply in replies] == [502, 502]
    assert (row["status"], row["verdict"]) == (200, "no_usage")


# A request that is edited behind the addon.


def replace_in_body(old: bytes, new: bytes) -> Callable[[http.HTTPFlow], None]:
    def edit(flow: http.HTTPFlow) -> None:
        if is_turn(flow):
            flow.request.content = (flow.request.content or b"").replace(old, new)

    return edit


@pytest.mark.parametrize(("option", "key"), [("|session-id|forced", "forced"), ("|session-id|", None)])
async def test_a_header_that_an_option_sets_or_removes_is_the_clients(
    desk: Desk, stage: Stage, option: str, key: str | None
) -> None:
    """modify_headers works before the turn is read, so the addon goes by what it makes."""
    upstream = await stage.upstream(streaming(counted()))
    async for proxy in desk.both(modify_headers=[option]):
        await post(proxy, None, ("session-id", "s"), ("x-session-id", "x"))
    (row,) = await desk.rows()

    assert [request.values("session-id") for request in upstream.requests] == [[key] if key else [], [key or "x"]]
    assert row["key"] == desk.pseudonym(key or "x")
    assert ("session-id" in row["changed"]) is (key is None)  # type: ignore[operator]


async def test_the_key_that_another_addon_removes_is_not_claimed(desk: Desk, stage: Stage) -> None:
    """Nor the headers."""

    def strip(flow: http.HTTPFlow) -> None:
        for name in ("session-id", "session_id", "x-client-request-id"):
            flow.request.headers.pop(name, None)
        flow.request.content = body()

    upstream = await stage.upstream(streaming(counted()))
    bare, ours = await answers(desk.both(after=[Edit(request=strip)]))
    (row,) = await desk.rows()

    assert ours == bare
    assert upstream.requests[0].raw == upstream.requests[1].raw
    assert (row["key"], row["changed"]) == (None, [])


async def test_what_another_addon_leaves_as_it_was_written_is_still_claimed(desk: Desk, stage: Stage) -> None:
    """Here the key in the body is another, and one header is gone."""

    def edit(flow: http.HTTPFlow) -> None:
        flow.request.headers.pop("session_id")
        flow.request.content = body(prompt_cache_key="other")

    upstream = await stage.upstream(streaming(completed("resp_1", prompt_cache_key="other")))
    await post(await desk.proxy(after=[Edit(request=edit)]), body(stream_options={}), ("x-session-id", "s"))
    (row,) = await desk.rows()

    assert upstream.last.values("session-id") == ["s"]
    assert row["key"] == desk.pseudonym("other")
    assert row["changed"] == ["session-id", "x-client-request-id", "stream_options"]
    assert row["echoed_key"] == "same"


@pytest.mark.parametrize("how", ["option", "addon", "hand"])
@pytest.mark.parametrize("size", [0, 2 << 20])
@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_the_verdict_is_on_what_left(desk: Desk, stage: Stage, how: str, size: int, coding: str) -> None:
    """The client's tools are the same in both turns; those of the second are edited on the way."""
    edit = replace_in_body(b"one tool", b"another tool")
    armed = list[bool]()
    flows = list[http.HTTPFlow]()
    others: dict[str, list[object]] = {
        "option": [],
        "addon": [Edit(request=lambda flow: edit(flow) if armed else None)],
        "hand": [Intercept(), Edit(request=flows.append)],
    }
    upstream = await stage.upstream(streaming(counted(9_000, 0)))
    proxy = await desk.proxy(after=others[how])
    tools = [{"type": "function", "name": "shell", "description": "one tool"}]
    fields = [("session-id", "s"), *([("content-encoding", coding)] if coding else [])]

    def text(*texts: str) -> bytes:
        plain = body(input=asked("x" * size, *texts), tools=tools)
        return gzip.compress(plain) if coding else plain

    await post(proxy, text(), *fields)
    armed.append(True)
    if how == "option":
        proxy.master.options.update(modify_body=["|~q|one tool|another tool"])
    if how == "hand":
        proxy.master.options.update(intercept="~q")
        await by_hand(proxy, edit, flows, post(proxy, text("two"), *fields))
    else:
        await post(proxy, text("two"), *fields)
    rows = await desk.rows(2)

    sent = gzip.decompress(upstream.last.body) if coding else upstream.last.body
    assert b"another tool" in sent
    assert orjson.loads(sent)["prompt_cache_key"] == "s"
    assert [row["verdict"] for row in rows] == ["cold", "tools_changed"]
    assert rows[1]["changed"] == ["session_id", "prompt_cache_key"]
    assert turn_summaries(desk.kept.flows[-1])[0]["edited"] is True


async def test_headers_that_an_addon_changes_are_compared_as_they_left(desk: Desk, stage: Stage) -> None:
    """Here the account, which the client itself did not change."""
    accounts = iter(["a", "b"])

    def sign(flow: http.HTTPFlow) -> None:
        flow.request.headers["chatgpt-account-id"] = next(accounts)

    await stage.upstream(streaming(counted(9_000, 0)))
    proxy = await desk.proxy(after=[Edit(request=sign)])
    for texts in (["one"], ["one", "two"]):
        await post(proxy, body(input=asked(*texts), prompt_cache_key="k"))

    assert [row["verdict"] for row in await desk.rows(2)] == ["cold", "account_changed"]


async def test_a_turn_whose_body_no_longer_parses_keeps_its_record(
    desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """And it is said, once."""
    upstream = await stage.upstream(responding(REFUSED))
    proxy = await desk.proxy(after=[Edit(request=replace_in_body(b"{", b"<"))])
    for _ in range(2):
        await post(proxy, None, ("session-id", "s"))
    rows = await desk.rows(2)

    assert upstream.last.body.startswith(b"<")
    assert [(row["verdict"], row["key"]) for row in rows] == [("rejected", desk.pseudonym("s"))] * 2
    assert ["what left cannot be read: it is not JSON" in line for line in said(caplog)] == [True]


async def test_a_turn_that_another_addon_makes_readable_is_read(desk: Desk, stage: Stage) -> None:
    """It passed unread at first, so it was not edited."""
    await stage.upstream(streaming(counted(9_000, 0)))
    proxy = await desk.proxy(after=[Edit(request=replace_in_body(b"broken", body()))])
    await post(proxy, b"broken")
    (row,) = await desk.rows()

    assert (row["verdict"], row["model"], row["changed"]) == ("cold", "gpt-5.5", [])
    assert "not read" not in str(row["because"])


async def test_a_turn_that_nobody_edits_is_not_read_again(
    desk: Desk, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor one that is merely moved, whose Host field changes."""
    read = list[object]()
    monkeypatch.setattr("codexcache.hooks.http.HttpTurns._reread", lambda *_: read.append(1))
    await stage.upstream(streaming(counted()))
    await stage.upstream(streaming(counted()), host=GATEWAY)
    await post(await desk.proxy())
    await post(await desk.proxy(**MOVES["map_remote"]))
    await desk.rows(2)

    assert read == []


@pytest.mark.parametrize("server", ["h2", "http/1.1"])
async def test_between_two_versions_of_http_a_turn_is_as_it_was_written(
    desk: Desk, stage: Stage, authority: Authority, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What mitmproxy itself converts is no edit."""
    read = list[object]()
    monkeypatch.setattr("codexcache.hooks.http.HttpTurns._reread", lambda *_: read.append(1))

    async def answer(exchange: http2.Exchange) -> None:
        await exchange.respond([(":status", "200"), ("content-type", "text/event-stream")])
        await exchange.send(counted(9_000, 10), last=True)

    async with http2.running_http2_upstream(authority.context(), answer) as upstream:
        stage.ports["chatgpt.com"] = upstream.port
        if server == "http/1.1":
            await stage.upstream(streaming(counted(9_000, 10)))
        proxy = await desk.proxy(connection_strategy="lazy", ssl_insecure=True)
        async with http2.http2_connected(proxy) as client:
            await client.post(RESPONSES, [JSON, ("x-session-id", "s")], body())
        (row,) = await desk.rows()

    assert (row["verdict"], row[CACHED], row["key"]) == ("cold", 10, desk.pseudonym("s"))
    assert read == []


# Digests of a body.


DIGESTS = [
    ("Content-MD5", "x"),
    ("digest", "sha-256=x"),
    ("Content-Digest", "sha-256=:x:"),
    ("repr-digest", "sha-256=:x:"),
]


@pytest.mark.parametrize(
    ("text", "is_edited"), [(body(), True), (body(stream_options={}), True), (body(prompt_cache_key="k"), False)]
)
async def test_digests_leave_only_with_the_body_that_they_are_of(
    desk: Desk, stage: Stage, text: bytes, is_edited: bool
) -> None:
    """They are named among what was changed; headers that are completed are no reason to remove them."""
    upstream = await stage.upstream(streaming(counted()))
    await post(await desk.proxy(), text, ("x-session-id", "s"), *DIGESTS, ("x-digest", "y"))
    (row,) = await desk.rows()
    sent = {name.lower() for name, _ in upstream.last.fields}

    names = {name.lower() for name, _ in DIGESTS}
    assert (names & sent, "x-digest" in sent) == (set() if is_edited else names, True)
    assert (names & set(row["changed"]) == names) == is_edited  # type: ignore[arg-type]
    assert upstream.last.values("content-length") == [str(len(upstream.last.body))]


@pytest.mark.parametrize("settings", [{"codex_mode": "observe"}, None])
async def test_digests_stay_where_nothing_is_edited(desk: Desk, stage: Stage, settings: dict[str, Any] | None) -> None:
    """In observe, and without the addon."""
    upstream = await stage.upstream()
    proxy = await desk.bare() if settings is None else await desk.proxy(**settings)
    await post(proxy, None, *DIGESTS)

    assert [field for field in upstream.last.fields if field in DIGESTS] == DIGESTS


# Turns that pass unread.


OK, NO = streaming(counted(9_000, 8_000)), responding(whole(b'{"error":{"code":"bad_request"}}', "400 Bad Request"))
SILENT = streaming(event("response.created"))
LONG = body(input="x" * 3_000)
UNREAD: dict[str, tuple[bytes, list[Field], dict[str, Any], str]] = {
    "not JSON": (b"hello", [], {}, "it is not JSON"),
    "not an object": (b"[1]", [], {}, "it is not a JSON object"),
    "damaged": (b"hello", [("content-encoding", "gzip")], {}, "its gzip encoding is damaged"),
    "an unknown coding": (
        body(),
        [("content-encoding", "odd")],
        {},
        "its content encoding is not one that is understood",
    ),
    "too large": (LONG, [], {"codex_body_limit": "2k"}, "it is over the size limit (option codex_body_limit)"),
    "streamed": (
        LONG,
        [],
        {"stream_large_bodies": "2k"},
        "it was sent before it could be read, by stream_large_bodies or another addon",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize(
    ("answer", "status", "verdict", "counters"),
    [
        (OK, 200, "cold", (9_000, 8_000)),
        (NO, 400, "rejected", (None, None)),
        (SILENT, 200, "no_usage", (None, None)),
    ],
)
async def test_a_turn_that_passes_unread_has_a_row(
    desk: Desk,
    stage: Stage,
    name: str,
    answer: Any,
    status: int,
    verdict: str,
    counters: tuple[int | None, int | None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It says what the response says, and why the request was not read; nothing is claimed of what it holds."""
    text, fields, settings, reason = UNREAD[name]
    upstream = await stage.upstream(answer)
    others = {option: settings[option] for option in settings if not option.startswith("codex")}
    bare = await post(await desk.bare(**others), text, ("session-id", "s"), *fields)
    ours = await post(await desk.proxy(**settings), text, ("session-id", "s"), *fields)
    (row,) = await desk.rows()

    assert ours.raw == bare.raw
    assert upstream.requests[0].raw == upstream.requests[1].raw
    assert (row["status"], row["verdict"], row.get(INPUT), row.get(CACHED)) == (status, verdict, *counters)
    assert f"; its request was not read: {reason}" in str(row["because"])
    assert (row["changed"], row["model"], row["key"], row["predecessor"]) == ([], "", desk.pseudonym("s"), None)
    assert [f"passes unchanged: {reason}" in line for line in said(caplog)].count(True) == 1


async def test_no_turn_is_compared_with_one_that_passed_unread(desk: Desk, stage: Stage) -> None:
    """Of its prompt nothing is known, not that it was empty."""
    await stage.upstream(streaming(counted(9_000, 0)))
    proxy = await desk.proxy()
    for text in (b"hello", body(input=asked("one")), b"hello", body(input=asked("one", "two"))):
        await post(proxy, text, ("session-id", "s"))
    rows = await desk.rows(4)

    assert [row["predecessor"] for row in rows] == [None, None, None, rows[1]["turn"]]


async def test_a_parameter_that_an_unread_turn_is_refused_for_is_nobodys(
    desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Who had put it there is not known."""
    await stage.upstream(responding(REFUSED))
    await post(await desk.proxy(), b"hello")
    (row,) = await desk.rows()

    assert str(row["because"]).startswith("the backend answered with status 400")
    assert [line for line in said(caplog) if "codex_strip" in line] == []


# A streamed response that is edited after it has gone.


@pytest.mark.parametrize("where", ["before", "after", "slowly after", "option", "status"])
async def test_an_edit_of_a_response_that_has_gone_is_said_once(
    desk: Desk, stage: Stage, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client got it event by event, and what the flow shows then is not what it got."""

    def edit(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.status_code = 201 if where == "status" else 200
        if where in ("before", "after"):
            flow.response.content = b"edited"

    async def edit_slowly(flow: http.HTTPFlow) -> None:
        await asyncio.sleep(0)
        assert flow.response is not None
        flow.response.content = b"edited"

    other = Edit(response=edit_slowly if where == "slowly after" else edit)
    order: dict[str, Any] = {"before" if where == "before" else "after": [other]}
    option = {"modify_body": ["|~s|resp|edited"]} if where == "option" else {}
    await stage.upstream(streaming(counted(9_000, 10)))
    proxy = await desk.proxy(**order, **option)
    replies = [await post(proxy) for _ in range(2)]
    rows = await desk.rows(2)

    assert [(reply.status, reply.body) for reply in replies] == [(200, counted(9_000, 10))] * 2
    assert [row[CACHED] for row in rows] == [10, 10]
    assert ["had already been passed on" in line for line in said(caplog)].count(True) == 1


async def test_a_response_that_is_intercepted_when_it_has_gone_is_told_of(
    desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hand does to it has no effect."""
    flows = list[http.HTTPFlow]()
    await stage.upstream(streaming(counted()))
    proxy = await desk.proxy(after=[Intercept(), Edit(response=flows.append)], intercept="~s")
    await by_hand(proxy, lambda flow: None, flows, post(proxy))

    assert ["had already been passed on" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize("settings", [{}, {"store_streamed_bodies": True}])
async def test_a_response_that_another_addon_alters_as_it_passes_is_no_late_edit(
    desk: Desk, stage: Stage, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """It sets response.stream, loaded before or after this addon, and the client gets what it makes."""

    def alter(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        inner = flow.response.stream
        heard = inner if callable(inner) else bytes
        flow.response.stream = lambda chunk: b"".join([heard(chunk)]).upper()  # type: ignore[list-item]

    await stage.upstream(streaming(counted(9_000, 10)))
    for order in ("before", "after"):
        order_of: dict[str, Any] = {order: [Edit(responseheaders=alter)]}
        assert (await post(await desk.proxy(**order_of, **settings))).body == counted(9_000, 10).upper()
    rows = await desk.rows(2)

    assert [row[CACHED] for row in rows] == [10, 10]
    assert said(caplog) == []


async def test_a_redacted_flow_is_no_late_edit(desk: Desk, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What this addon itself removes is not said to be another's doing."""
    answer = stream_head(b"set-cookie: a=b\r\n"), chunk(counted()), chunk(b"")
    await stage.upstream(responding(*answer))
    await post(await desk.proxy(codex_redact="on"), None, ("authorization", "Bearer x"))
    await desk.rows()

    assert said(caplog) == []


async def test_a_moved_turns_flow_is_redacted(desk: Desk, stage: Stage) -> None:
    """It holds the client's token, wherever it went."""
    await stage.upstream()
    gateway = await stage.upstream(streaming(counted()), host=GATEWAY)
    for name in ("map_remote", "an addon before this one"):
        await post(await desk.proxy(codex_redact="on", **MOVES[name]), None, ("authorization", "Bearer x"))
        assert gateway.last.values("authorization") == ["Bearer x"]
        await until(lambda: desk.kept.flows)
        assert "authorization" not in desk.kept.flows[-1].request.headers


# Flows that are sent again.


async def test_a_turn_that_is_sent_again_has_a_row_of_its_own(desk: Desk, stage: Stage) -> None:
    """With replay.client; it leaves as it was edited, and its counters are heard."""
    upstream = await stage.upstream(streaming(counted(9_000, 10)))
    proxy = await desk.proxy()
    await post(proxy, None, ("x-session-id", "s"))
    await until(lambda: desk.kept.flows and not desk.kept.flows[0].live)
    proxy.master.commands.call("replay.client", [desk.kept.flows[0]])
    rows = await desk.rows(2)

    assert upstream.requests[0].body == upstream.requests[1].body
    assert [(row[CACHED], row["key"]) for row in rows] == [(10, desk.pseudonym("s"))] * 2
    assert rows[1]["changed"] == []


def sent_keys(requests: Iterable[Request]) -> list[object]:
    """Return the keys in the bodies of some requests."""
    return [orjson.loads(request.body).get("prompt_cache_key") for request in requests]


async def test_the_neighbours_do_not_cost_a_conversation_its_key(desk: Desk, stage: Stage) -> None:
    """Through a map_remote, an edit behind, and an answer that waits, each turn has the first one's key."""

    def wait(flow: http.HTTPFlow) -> None:
        assert flow.response is not None
        flow.response.stream = False

    await stage.upstream()
    gateway = await stage.upstream(streaming(counted(9_000, 8_900)), host=GATEWAY)
    others = [Edit(request=replace_in_body(b"Be brief.", b"Be very brief.")), Edit(responseheaders=wait)]
    proxy = await desk.proxy(after=others, **MOVES["map_remote"])
    for texts in (["one"], ["one", "two"], ["one", "two", "three"]):
        await post(proxy, body(input=asked(*texts)))
    rows = await desk.rows(3)

    assert len(set(sent_keys(gateway.requests))) == 1
    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit"]
