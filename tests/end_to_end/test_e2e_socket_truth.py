"""WebSockets where another addon, the user or the backend does what was not to be expected.

What passes is compared with the same run without the addon; what is told is what left and what came.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Json, Object
from codexcache.hooks.websocket import INCOMPLETE
from conftest import Network
from mitmproxy import http
from support.client import connected
from support.journals import entries_of
from support.patience import until
from support.proxy import Proxy
from support.sockets import HANDSHAKE, Data, Peer, Recorder, opened, talking, upgraded
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, completed, frame, said, spelled

SESSION = [("session_id", "s"), ("session-id", "s"), ("User-Agent", "agent/1.0")]
"""With a key in each message, nothing is left to be edited."""

STREAM = "text/event-stream"
OTHER_PATH = "/backend-api/codex/realtime"


class Addon:
    """Another addon of the user's, which does something to messages, and keeps the flow."""

    def __init__(self, act: Callable[[http.HTTPFlow, bytes], Awaitable[None] | None] | None = None) -> None:
        self._act = act
        self.flow: http.HTTPFlow | None = None
        self.ended = asyncio.Event()

    def request(self, flow: http.HTTPFlow) -> None:
        self.flow = flow

    async def websocket_message(self, flow: http.HTTPFlow) -> None:
        assert flow.websocket is not None
        waiting = self._act(flow, flow.websocket.messages[-1].content) if self._act else None
        if waiting is not None:
            await waiting

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self.ended.set()


def dropping(*marks: bytes) -> Callable[[http.HTTPFlow, bytes], None]:
    """Drop the messages that have one of these marks in them."""

    def act(flow: http.HTTPFlow, content: bytes) -> None:
        assert flow.websocket is not None
        if any(mark in content for mark in marks):
            flow.websocket.messages[-1].drop()

    return act


def turn(name: str, **members: Any) -> str:
    """Return a turn of which the backend's counters and its response's id can be told."""
    return frame(input=[{"role": "user", "content": name}], prompt_cache_key=f"key-{name}", **members)


def created(name: str) -> str:
    return spelled({"type": "response.created", "response": {"id": f"resp-{name}"}}).decode()


def ended(name: str, kind: str = "response.completed") -> str:
    """Return the end of the response to a turn; the counters say which turn it was."""
    usage = {"input_tokens": 10_000 + ord(name), "input_tokens_details": {"cached_tokens": 0}}
    return spelled({"type": kind, "response": {"id": f"resp-{name}", "usage": usage}}).decode()


class Backend:
    """Answers each turn with the beginning and the end of a response, but for what is lost."""

    def __init__(self, lost: Sequence[str] = (), answer: Callable[[str], Data] = str) -> None:
        self._lost, self._answer = lost, answer
        self.got: list[Data] = []

    async def __call__(self, peer: Peer) -> None:
        async for message in peer.messages():
            self.got.append(message)
            name = orjson.loads(message)["input"][0]["content"]
            for event in (created(name), ended(name)):
                if event not in self._lost:
                    await peer.send(self._answer(event))


type Client = Callable[[Peer], Awaitable[None]]


class Journal:
    """The addon with a journal."""

    def __init__(self, path: Path) -> None:
        self.path, self.addon = path, CodexContinuity()

    @property
    def entries(self) -> list[Object]:
        return entries_of(self.path)

    def told(self, *names: str) -> list[tuple[Json, ...]]:
        """Return these fields of each entry."""
        return [tuple(entry.get(name) for name in names) for entry in self.entries]

    @property
    def inputs(self) -> list[Json]:
        """The input tokens of the turns, as the letter that tells the turn; None where there are none."""
        counts = [entry.get("gen_ai.usage.input_tokens") for entry in self.entries]
        return [chr(count - 10_000) if isinstance(count, int) else None for count in counts]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """The addon's journal."""
    return Journal(tmp_path / "journal.jsonl")


class Chain:
    """Addons in this order."""

    def __init__(self, *addons: object) -> None:
        self.addons = addons


async def proxied(
    net: Network, journal: Journal, *, before: Sequence[object] = (), behind: Sequence[object] = (), **settings: Any
) -> Proxy:
    """Start a proxy with the addon between others."""
    return await net.proxy(Chain(*before, journal.addon, *behind), codex_journal=str(journal.path), **settings)


async def bare(net: Network, *others: object, **settings: Any) -> Proxy:
    """Start a proxy with the other addons alone."""
    return await net.proxy(Chain(*others), **settings)


async def passed(proxy: Proxy, backend: Backend, client: Client) -> tuple[list[Data], list[Data]]:
    """Return what arrived at the backend and at the client of one socket."""
    backend.got.clear()
    async with opened(proxy, SESSION) as peer:
        await client(peer)
        return list(backend.got), [fragments[0] for fragments in peer.frames]


def asking(*messages: Data, answers: int = 2) -> Client:
    """Send these messages, each when the answers to the one before have come."""

    async def client(peer: Peer) -> None:
        for message in messages:
            await peer.send(message)
            for _ in range(answers):
                await peer.receive()

    return client


async def test_a_turn_that_was_dropped_behind_the_addon_is_no_turn(net: Network, journal: Journal) -> None:
    """No row is its own, and no later turn of the socket gets the counters of another."""

    async def client(peer: Peer) -> None:
        await asking(turn("a"))(peer)
        await peer.send(turn("b"))
        await asking(turn("c"), turn("d"))(peer)

    await net.upstream(talking(backend := Backend()))
    without = await passed(await bare(net, Addon(dropping(b"key-b"))), backend, client)
    proxy = await proxied(net, journal, behind=[Addon(dropping(b"key-b"))])

    assert await passed(proxy, backend, client) == without
    assert without[0] == [turn("a"), turn("c"), turn("d")]
    assert journal.inputs == ["a", "c", "d"]
    assert [number for (number,) in journal.told("turn")] == [1, 2, 3]


async def test_a_socket_whose_only_turn_was_dropped_tells_of_none(net: Network, journal: Journal) -> None:
    await net.upstream(talking(Backend()))
    proxy = await proxied(net, journal, behind=[addon := Addon(dropping(b"key-a"))])
    async with opened(proxy, SESSION) as peer:
        await peer.send(turn("a"))
    await asyncio.wait_for(addon.ended.wait(), 10)

    assert journal.entries == []


async def test_a_turn_that_is_dropped_after_a_while_is_no_turn_either(net: Network, journal: Journal) -> None:
    """Meanwhile a turn on another connection has ended, and with it all that waited to be recorded."""
    decided, asked = asyncio.Event(), asyncio.Event()

    async def drop_later(flow: http.HTTPFlow, content: bytes) -> None:
        if b"key-b" in content:
            asked.set()
            await decided.wait()
            dropping(b"key-b")(flow, content)

    upstream = await net.upstream(talking(Backend()))
    proxy = await proxied(net, journal, behind=[Addon(drop_later)])
    async with opened(proxy, SESSION) as peer, connected(proxy) as connection:
        await peer.send(turn("b"))
        await asked.wait()
        upstream.answer = responding(whole(completed(usage={"input_tokens": 10_000 + ord("h")}), kind=STREAM))
        await connection.post(RESPONSES, [JSON, *SESSION], body())
        decided.set()
        await asking(turn("c"))(peer)

    assert journal.inputs == ["h", "c"]
    assert journal.addon.state.diagnosis_service.engine.held <= 1


async def test_a_flow_that_is_killed_at_a_message_goes_on_and_so_do_its_turns(net: Network, journal: Journal) -> None:
    """mitmproxy sends the message all the same, and keeps the socket open."""

    def kill(flow: http.HTTPFlow, content: bytes) -> None:
        if b"key-b" in content:
            flow.kill()

    client = asking(turn("a"), turn("b"), turn("c"))
    await net.upstream(talking(backend := Backend()))
    without = await passed(await bare(net, Addon(kill)), backend, client)

    assert await passed(await proxied(net, journal, behind=[Addon(kill)]), backend, client) == without
    assert without[0] == [turn("a"), turn("b"), turn("c")]
    assert journal.inputs == ["a", "b", "c"]


async def test_a_turn_that_was_changed_behind_the_addon_is_told_as_it_left(net: Network, journal: Journal) -> None:
    """Its key is that of the turn before, and so says the journal."""

    def rekey(flow: http.HTTPFlow, content: bytes) -> None:
        assert flow.websocket is not None
        flow.websocket.messages[-1].content = content.replace(b"key-b", b"key-a")

    client = asking(turn("a"), turn("b"))
    await net.upstream(talking(backend := Backend()))
    without = await passed(await bare(net, Addon(rekey)), backend, client)

    assert await passed(await proxied(net, journal, behind=[Addon(rekey)]), backend, client) == without
    assert len({key for (key,) in journal.told("key")}) == 1
    assert journal.inputs == ["a", "b"]


LOST = {
    "the end of a response": [ended("b")],
    "its beginning": [created("b")],
    "two ends in a row": [ended("a"), ended("b")],
}


@pytest.mark.parametrize("name", LOST)
async def test_what_the_backend_did_not_send_shifts_no_other_turn(net: Network, journal: Journal, name: str) -> None:
    backend, turns = Backend(lost=LOST[name]), "abcd"

    async def client(peer: Peer) -> None:
        for each in turns:
            lost = (created(each) in LOST[name]) + (ended(each) in LOST[name])
            await asking(turn(each), answers=2 - lost)(peer)

    await net.upstream(talking(backend))
    without = await passed(await bare(net), backend, client)

    assert await passed(await proxied(net, journal), backend, client) == without
    assert {*journal.inputs} == {None if ended(each) in LOST[name] else each for each in turns}


@pytest.mark.parametrize("place", ["before", "behind"])
async def test_an_end_that_another_addon_dropped_shifts_no_other_turn(
    net: Network, journal: Journal, place: str
) -> None:
    """What was read here before it was dropped is known; what had been dropped before has no counters."""
    lost = ended("b").encode()

    async def client(peer: Peer) -> None:
        await asking(turn("a"))(peer)
        await asking(turn("b"), answers=1)(peer)
        await asking(turn("c"), turn("d"))(peer)

    await net.upstream(talking(backend := Backend()))
    without = await passed(await bare(net, Addon(dropping(lost))), backend, client)
    proxy = await proxied(net, journal, **{place: [Addon(dropping(lost))]})

    assert await passed(proxy, backend, client) == without
    assert journal.inputs == ["a", None if place == "before" else "b", "c", "d"]
    if place == "before":
        assert "another addon dropped the end of its response" in str(journal.entries[1]["because"])


@pytest.mark.parametrize("kind", ["text", "binary", "binary answers", "all binary"])
async def test_turns_and_answers_may_be_binary(net: Network, journal: Journal, kind: str) -> None:
    """What is edited stays binary."""
    answer = str.encode if kind in ("binary answers", "all binary") else str
    messages = [frame(input=[{"role": "user", "content": name}], stream_options=1) for name in "ab"]
    if kind in ("binary", "all binary"):
        messages = [message.encode() for message in messages]  # type: ignore[misc]
    await net.upstream(talking(backend := Backend(answer=answer)))
    sent, received = await passed(await bare(net), backend, asking(*messages))
    edited, also_received = await passed(await proxied(net, journal), backend, asking(*messages))

    assert (sent, received) == (messages, also_received)
    assert [type(message) for message in edited] == [type(message) for message in messages]
    assert ["stream_options" in orjson.loads(message) for message in edited] == [False, False]
    assert [orjson.loads(message)["prompt_cache_key"] for message in edited] == ["s", "s"]
    assert journal.inputs == ["a", "b"]


async def test_a_turn_that_is_too_large_to_be_read_has_a_row(net: Network, journal: Journal) -> None:
    """It leaves as it came, and its counters are those of its response."""
    client = asking(turn("a"), turn("b", metadata={"x": "x" * 2_000}), turn("c"))
    await net.upstream(talking(backend := Backend()))
    without = await passed(await bare(net), backend, client)

    assert await passed(await proxied(net, journal, codex_body_limit="1k"), backend, client) == without
    assert journal.inputs == ["a", "b", "c"]
    assert ["its request was not read" in str(entry["because"]) for entry in journal.entries] == [False, True, False]


@pytest.mark.parametrize("path", [OTHER_PATH, "/backend-api/other", RESPONSES])
async def test_the_messages_of_any_socket_are_kept_up_to_the_limit(net: Network, path: str) -> None:
    """mitmproxy by itself would keep all of them. Every one arrives all the same."""
    kept = {}
    for name in ("bare", "bounded"):
        await net.upstream(talking(recorder := Recorder("y" * 10_000)))
        chain = [addon := Addon()]
        proxy = await (bare(net, *chain) if name == "bare" else net.proxy(codex_view_limit="100k"))
        if name == "bounded":
            proxy.master.addons.add(*chain)
        async with connected(proxy) as connection:
            peer = await upgraded(connection, SESSION, path)
            for number in range(40):
                await peer.ask(f"{number:02}" + "x" * 10_000)
        assert [str(message)[:2] for message in recorder.messages] == [f"{number:02}" for number in range(40)]
        assert addon.flow is not None
        assert addon.flow.websocket is not None
        kept[name] = sum(len(message.content) for message in addon.flow.websocket.messages)
        assert (addon.flow.metadata.get(INCOMPLETE) is True) == (name == "bounded")

    assert kept["bare"] > 800_000
    assert 0 < kept["bounded"] <= 100 << 10


async def test_a_short_socket_of_another_endpoint_is_left_alone(net: Network, journal: Journal) -> None:
    """Nothing of it is edited, trimmed or told of."""
    await net.upstream(talking(recorder := Recorder()))
    proxy = await proxied(net, journal, behind=[addon := Addon()])
    async with connected(proxy) as connection:
        peer = await upgraded(connection, [("session_id", "s")], OTHER_PATH)
        await peer.ask(frame())

    assert recorder.messages == [frame()]
    assert addon.flow is not None
    assert (addon.flow.metadata, "session-id" in addon.flow.request.headers) == ({}, False)
    assert journal.entries == []


REFUSALS = {
    "a challenge page": (
        whole(b"<html>", "403 Forbidden", "text/html", b"cf-mitigated: challenge\r\n"),
        403,
        "a challenge page came instead of a WebSocket (status 403): ",
    ),
    "426": (whole(b"", "426 Upgrade Required"), 426, "the WebSocket was refused with status 426 Upgrade Required"),
    "429": (
        whole(b'{"error":{"code":"rate_limit_exceeded","message":"Bearer secret"}}', "429 Too Many Requests"),
        429,
        "the WebSocket was refused with status 429 Too Many Requests (rate_limit_exceeded)",
    ),
    "503": (
        whole(b"Bearer secret", "503 Secret"),
        503,
        "the WebSocket was refused with status 503 Service Unavailable",
    ),
    "another status": (whole(b"", "302 Found"), 302, "the WebSocket was refused with status 302 Found"),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refused_handshake_has_a_row_of_its_own(
    net: Network, journal: Journal, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no turn: the one that is sent over HTTP next is the first of its conversation."""
    answer, status, because = REFUSALS[name]
    upstream = await net.upstream()
    replies, fields = [], [*HANDSHAKE, ("session_id", "s"), ("User-Agent", "agent/1.0 (x)")]
    for start in (bare(net), proxied(net, journal, behind=[Addon()])):  # which could look at the response
        proxy, upstream.answer = await start, responding(answer)
        async with connected(proxy) as connection:
            reply = await connection.start(RESPONSES, fields, method="GET")
            await reply.rest()
            replies.append(bytes(reply.raw))
            upstream.answer = responding(whole(completed(), kind=STREAM))
            await connection.post(RESPONSES, [JSON, *SESSION], body())
    refusal, sent = journal.entries

    assert replies == [answer, answer]
    assert (
        refusal.items()
        >= {
            "endpoint": "handshake",
            "transport": "websocket",
            "status": status,
            "verdict": "rejected",
            "conversation": None,
            "changed": ["session-id"],
            "mode": "fill",
            "client": "agent/1.0",
            "predecessor": None,
            "changes": [],
        }.items()
    )
    assert str(refusal["because"]).startswith(because)
    assert refusal["key"] == sent["key"]
    assert sent["endpoint"] == "responses"
    assert "secret" not in journal.path.read_text().lower()
    assert said(caplog) == []
    summary = journal.addon.notifier.summary
    assert (summary.turns, summary.lines()[0]) == (1, "1 turn in 1 conversation")


async def test_a_refused_handshake_is_marked_and_commented_on(net: Network) -> None:
    await net.upstream(responding(whole(b"", "426 Upgrade Required")))
    proxy = await net.proxy()
    proxy.master.addons.add(addon := Addon())
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, HANDSHAKE, method="GET")
        await reply.rest()

    assert addon.flow is not None
    assert addon.flow.marked == ":x:"
    assert addon.flow.comment.startswith("rejected: the WebSocket was refused with status 426 Upgrade Required")
    for command in ("codex.why", "codex.turns"):
        shown = str(proxy.master.commands.call(command, *([addon.flow] if command == "codex.why" else [])))
        assert "handshake" in shown or "the WebSocket was refused" in shown


async def test_another_addons_refusal_is_told_without_an_edit(net: Network, journal: Journal) -> None:
    """Nothing left, so nothing was changed."""

    class Refuser:
        def request(self, flow: http.HTTPFlow) -> None:
            flow.response = http.Response.make(403)

    upstream = await net.upstream()
    proxy = await proxied(net, journal, before=[Refuser()])
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE, ("session_id", "s")], method="GET")

    assert upstream.requests == []
    assert journal.told("status", "verdict", "changed") == [(403, "rejected", [])]


CLOSINGS = {
    "with a reason": (1008, "policy violation", "closed by the server with 1008 (policy violation)"),
    "with a reason that could be secret": (1008, "Bearer abc123", "closed by the server with 1008"),
    "by a code of its own": (4029, None, "closed by the server with 4029"),
}


@pytest.mark.parametrize("name", CLOSINGS)
async def test_a_socket_that_the_server_closed_tells_with_what(net: Network, journal: Journal, name: str) -> None:
    """The client gets the same code as without the addon."""
    code, reason, told = CLOSINGS[name]
    codes = []

    async def closing(peer: Peer) -> None:
        await peer.receive()
        await peer.send(created("a"))
        peer.close(code, reason)

    await net.upstream(talking(closing))
    for start in (bare(net, addon := Addon()), proxied(net, journal, behind=[addon])):
        addon.ended.clear()
        async with opened(await start, SESSION) as peer:
            await peer.ask(turn("a"))
            await peer.receive()
            codes.append(peer.close_code)
            await asyncio.wait_for(addon.ended.wait(), 10)

    assert codes == [code, code]
    assert journal.told("verdict", "because") == [
        ("no_usage", f"the turn ended without usage counters: its WebSocket was {told}")
    ]
    assert journal.addon.connection_stats.report()["cut_short"] == {f"its WebSocket was {told}": 1}


async def test_a_socket_that_the_client_closed_in_the_middle_of_a_turn_tells_so(net: Network, journal: Journal) -> None:
    await net.upstream(talking(Backend(lost=[ended("a")])))
    proxy = await proxied(net, journal)
    async with opened(proxy, SESSION) as peer:
        await peer.ask(turn("a"))
        peer.close(1000)
        await until(lambda: journal.entries)

    assert journal.told("because") == [
        ("the turn ended without usage counters: its WebSocket was closed by the client with 1000",)
    ]


@pytest.mark.parametrize("who", ["client", "server"])
async def test_a_socket_that_was_cut_tells_on_which_side(net: Network, journal: Journal, who: str) -> None:
    """There is no close frame, hence no code."""

    async def talk(peer: Peer) -> None:
        await peer.receive()
        await peer.send(created("a"))
        if who == "server":
            peer.writer.transport.abort()
        else:
            await peer.receive()

    await net.upstream(talking(talk))
    proxy = await proxied(net, journal)
    async with opened(proxy, SESSION) as peer:
        await peer.ask(turn("a"))
        if who == "client":
            peer.writer.transport.abort()
        await until(lambda: journal.entries)

    assert journal.told("because") == [
        (f"the turn ended without usage counters: its WebSocket lost the connection to the {who}",)
    ]


async def test_a_socket_that_is_closed_after_its_turns_tells_nothing_more(net: Network, journal: Journal) -> None:
    await net.upstream(talking(Backend()))
    proxy = await proxied(net, journal, behind=[addon := Addon()])
    async with opened(proxy, SESSION) as peer:
        await asking(turn("a"))(peer)
        peer.close(1001)
        await asyncio.wait_for(addon.ended.wait(), 10)

    assert journal.inputs == ["a"]
    assert journal.addon.connection_stats.report()["cut_short"] == {}
