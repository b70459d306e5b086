"""WebSockets where another addon, the user or the backend does what was not to be expected.

What passes is compared with the same run without the addon; what is told is what left and what came.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from codexcache.body.json_splice import Json
from codexcache.hooks.websocket import INCOMPLETE
from conftest import Network
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from support.client import connected
from support.journals import INPUT
from support.neighbours import OtherAddon, Runs
from support.proxy import Watch
from support.sockets import HANDSHAKE, Data, Peer, Recorder, opened, talking, upgraded
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, completed, frame, said, spelled

SESSION = [("session_id", "s"), ("session-id", "s"), ("User-Agent", "agent/1.0")]
"""With a key in each message, nothing is left to be edited."""

STREAM = "text/event-stream"
OTHER_PATH = "/backend-api/codex/realtime"


def acting(act: Callable[[http.HTTPFlow, WebSocketMessage], object]) -> OtherAddon:
    """Return another addon, which does something to each message."""

    def websocket_message(flow: http.HTTPFlow) -> object:
        assert flow.websocket is not None
        return act(flow, flow.websocket.messages[-1])

    return OtherAddon(websocket_message=websocket_message)


def dropping(mark: str) -> OtherAddon:
    """Return another addon, which drops the messages that have this mark in them."""
    return acting(lambda _, message: message.drop() if mark.encode() in message.content else None)


def turn(name: str, **members: Any) -> str:
    """Return a turn of which the backend's counters and its response's id can be told."""
    return frame(input=[{"role": "user", "content": name}], prompt_cache_key=f"key-{name}", **members)


def created(name: str) -> str:
    return spelled({"type": "response.created", "response": {"id": f"resp-{name}"}}).decode()


def ended(name: str) -> str:
    """Return the end of the response to a turn; the counters say which turn it was."""
    usage = {"input_tokens": 10_000 + ord(name), "input_tokens_details": {"cached_tokens": 0}}
    return spelled({"type": "response.completed", "response": {"id": f"resp-{name}", "usage": usage}}).decode()


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


def asking(*messages: Data, answers: Mapping[Any, int] | None = None) -> Client:
    """Send these messages, each when the answers to the one before have come: two, if it is not said how many."""

    async def client(peer: Peer) -> None:
        for message in messages:
            await peer.send(message)
            for _ in range((answers or {}).get(message, 2)):
                await peer.receive()

    return client


async def inputs(runs: Runs, count: int) -> list[str | None]:
    """Return the input tokens of each turn, as the letter that tells the turn; None where there are none."""
    found = [row for (row,) in await runs.told(INPUT, count=count)]
    return [chr(tokens - 10_000) if isinstance(tokens, int) else None for tokens in found]


async def passed(runs: Runs, net: Network, backend: Backend, client: Client, **how: Any) -> list[list[Data]]:
    """Return what arrives at the backend without the addon and with it; the client gets the same from both."""
    await net.upstream(talking(backend))
    arrived, answers = [], []
    async for proxy in runs.both(**how):
        async with opened(proxy, SESSION) as peer:
            await client(peer)
            answers.append(peer.frames)
        arrived.append(list(backend.got))
        backend.got.clear()
    assert answers[1] == answers[0]
    return arrived


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """What happens on a socket, how many answers the turns a to d get then, and whose counters the turns are told."""

    how: Mapping[str, Any] = field(default_factory=dict)
    lost: Sequence[str] = ()
    answers: str = "2222"
    inputs: Sequence[str | None] = tuple("abcd")
    because: str = ""


NO_END = ("a", None, "c", "d")
DISTURBANCES = {
    "a turn is dropped before": Disturbance(how={"before": [dropping("key-b")]}, answers="2022", inputs=tuple("acd")),
    "a turn is dropped behind": Disturbance(how={"after": [dropping("key-b")]}, answers="2022", inputs=tuple("acd")),
    "the flow is killed, which stops no message": Disturbance(
        how={"after": [acting(lambda flow, message: flow.kill() if b"key-b" in message.content else None)]}
    ),
    "the end of a response is not sent": Disturbance(lost=[ended("b")], answers="2122", inputs=NO_END),
    "its beginning is not sent": Disturbance(lost=[created("b")], answers="2122"),
    "two ends in a row are not sent": Disturbance(
        lost=[ended("a"), ended("b")], answers="1122", inputs=(None, None, "c", "d")
    ),
    "an end is dropped before it is read": Disturbance(
        how={"before": [dropping(ended("b"))]},
        answers="2122",
        inputs=NO_END,
        because="another addon dropped the end of its response",
    ),
    "an end is dropped when it was read": Disturbance(how={"after": [dropping(ended("b"))]}, answers="2122"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
async def test_what_is_lost_of_one_turn_shifts_no_other(runs: Runs, net: Network, name: str) -> None:
    """Each has its own counters; what did not leave is no turn and takes no number."""
    row = DISTURBANCES[name]
    answers = {turn(each): int(count) for each, count in zip("abcd", row.answers, strict=True)}
    without, with_addon = await passed(runs, net, Backend(row.lost), asking(*answers, answers=answers), **row.how)
    rows = await runs.rows(len(row.inputs))

    assert with_addon == without == [each for each in answers if answers[each]]
    assert Counter(await inputs(runs, len(rows))) == Counter(row.inputs)  # a turn without its end ends with the socket
    assert {each["turn"] for each in rows} == set(range(1, len(rows) + 1))
    assert [row.because in str(each["because"]) for each in rows if INPUT not in each] == [True] * row.inputs.count(
        None
    )


async def test_a_socket_whose_only_turn_was_dropped_tells_of_none(runs: Runs, net: Network) -> None:
    await net.upstream(talking(Backend()))
    proxy = await runs.proxy(after=[dropping("key-a"), watch := Watch()])
    async with opened(proxy, SESSION) as peer:
        await peer.send(turn("a"))
    await watch.end()

    assert runs.entries == []


async def test_a_turn_that_is_dropped_after_a_while_is_no_turn_either(runs: Runs, net: Network) -> None:
    """Meanwhile a turn on another connection has ended, and with it all that waited to be recorded."""
    decided, asked = asyncio.Event(), asyncio.Event()

    async def drop_later(_: http.HTTPFlow, message: WebSocketMessage) -> None:
        if b"key-b" in message.content:
            asked.set()
            await decided.wait()
            message.drop()

    upstream = await net.upstream(talking(Backend()))
    proxy = await runs.proxy(after=[acting(drop_later)])
    async with opened(proxy, SESSION) as peer, connected(proxy) as connection:
        await peer.send(turn("b"))
        await asked.wait()
        upstream.answer = responding(whole(completed(usage={"input_tokens": 10_000 + ord("h")}), kind=STREAM))
        await connection.post(RESPONSES, [JSON, *SESSION], body())
        decided.set()
        await asking(turn("c"))(peer)

    assert await inputs(runs, 2) == ["h", "c"]
    assert runs.codex.state.diagnosis_service.engine.held <= 1


async def test_a_turn_that_was_changed_behind_the_addon_is_told_as_it_left(runs: Runs, net: Network) -> None:
    """Its key is that of the turn before, and so says the journal."""

    def rekey(_: http.HTTPFlow, message: WebSocketMessage) -> None:
        message.content = message.content.replace(b"key-b", b"key-a")

    client = asking(turn("a"), turn("b"))
    without, with_addon = await passed(runs, net, Backend(), client, after=[acting(rekey)])

    assert with_addon == without
    assert len(set(await runs.told("key", count=2))) == 1
    assert await inputs(runs, 2) == ["a", "b"]


@pytest.mark.parametrize("kind", ["text", "binary", "binary answers", "all binary"])
async def test_turns_and_answers_may_be_binary(runs: Runs, net: Network, kind: str) -> None:
    """What is edited stays binary."""
    answer = str.encode if kind in ("binary answers", "all binary") else str
    messages = [frame(input=[{"role": "user", "content": name}], stream_options=1) for name in "ab"]
    if kind in ("binary", "all binary"):
        messages = [message.encode() for message in messages]  # type: ignore[misc]
    sent, edited = await passed(runs, net, Backend(answer=answer), asking(*messages))

    assert sent == messages
    assert [type(message) for message in edited] == [type(message) for message in messages]
    assert ["stream_options" in orjson.loads(message) for message in edited] == [False, False]
    assert [orjson.loads(message)["prompt_cache_key"] for message in edited] == ["s", "s"]
    assert await inputs(runs, 2) == ["a", "b"]


async def test_a_turn_that_is_too_large_to_be_read_has_a_row(runs: Runs, net: Network) -> None:
    """It leaves as it came, and its counters are those of its response."""
    client = asking(turn("a"), turn("b", metadata={"x": "x" * 2_000}), turn("c"))
    without, with_addon = await passed(runs, net, Backend(), client, codex_body_limit="1k")
    unread = ["its request was not read" in str(because) for (because,) in await runs.told("because", count=3)]

    assert with_addon == without
    assert await inputs(runs, 3) == ["a", "b", "c"]
    assert unread == [False, True, False]


@pytest.mark.parametrize("path", [OTHER_PATH, "/backend-api/other", RESPONSES])
async def test_the_messages_of_any_socket_are_kept_up_to_the_limit(runs: Runs, net: Network, path: str) -> None:
    """The oldest go, and the flow says so; mitmproxy by itself would keep all. Every one arrives all the same."""
    sent = [f"{number:02}" + "x" * 10_000 for number in range(40)]
    async for proxy in runs.both(after=[watch := Watch()], codex_view_limit="100k"):
        await net.upstream(talking(recorder := Recorder("y" * 10_000)))
        kept, marks = list[list[bytes]](), list[bool]()
        async with connected(proxy) as connection:
            peer = await upgraded(connection, SESSION, path)
            for message in sent:
                await peer.ask(message)
                flow = watch.flows[-1]
                assert flow.websocket is not None
                kept.append([message.content for message in flow.websocket.messages])
                marks.append(INCOMPLETE in http.HTTPFlow.from_state(flow.get_state()).metadata)
        is_bounded, most = len(watch.flows) == 2, max(sum(map(len, each)) for each in kept)

        assert recorder.messages == sent
        assert kept[0] == [sent[0].encode(), b"y" * 10_000]
        assert {each[-1] for each in kept} == {b"y" * 10_000}
        assert most <= 100 << 10 if is_bounded else most > 800_000
        assert (marks[0], marks[-1]) == (False, is_bounded)


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
    runs: Runs, net: Network, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no turn: the one that is sent over HTTP next is the first of its conversation."""
    answer, status, because = REFUSALS[name]
    upstream = await net.upstream()
    replies, fields = [], [*HANDSHAKE, ("session_id", "s"), ("User-Agent", "agent/1.0 (x)")]
    async for proxy in runs.both(after=[Watch()]):  # which could look at the response
        upstream.answer = responding(answer)
        async with connected(proxy) as connection:
            reply = await connection.start(RESPONSES, fields, method="GET")
            await reply.rest()
            replies.append(bytes(reply.raw))
            upstream.answer = responding(whole(completed(), kind=STREAM))
            await connection.post(RESPONSES, [JSON, *SESSION], body())
    refusal, sent = await runs.rows(2)
    expected: dict[str, Json] = {
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
    }

    assert replies == [answer, answer]
    assert refusal.items() >= expected.items()
    assert str(refusal["because"]).startswith(because)
    assert refusal["key"] == sent["key"] == runs.pseudonym("s")
    assert sent["endpoint"] == "responses"
    assert "secret" not in str(runs.entries).lower()
    assert said(caplog) == []
    summary = runs.codex.notifier.summary
    assert (summary.turns, summary.lines()[0]) == (1, "1 turn in 1 conversation")


async def test_a_refused_handshake_is_marked_and_commented_on(runs: Runs, net: Network) -> None:
    await net.upstream(responding(whole(b"", "426 Upgrade Required")))
    proxy = await runs.proxy(after=[watch := Watch()])
    async with connected(proxy) as connection:
        reply = await connection.start(RESPONSES, HANDSHAKE, method="GET")
        await reply.rest()
    (flow,) = watch.flows

    assert flow.marked == ":x:"
    assert flow.comment.startswith("rejected: the WebSocket was refused with status 426 Upgrade Required")
    for command in ("codex.why", "codex.turns"):
        shown = str(proxy.master.commands.call(command, *([flow] if command == "codex.why" else [])))
        assert "handshake" in shown or "the WebSocket was refused" in shown


async def test_another_addons_refusal_is_told_without_an_edit(runs: Runs, net: Network) -> None:
    """Nothing left, so nothing was changed."""

    def refuse(flow: http.HTTPFlow) -> None:
        flow.response = http.Response.make(403)

    upstream = await net.upstream()
    async with connected(await runs.proxy(before=[OtherAddon(request=refuse)])) as connection:
        await connection.post(RESPONSES, [*HANDSHAKE, ("session_id", "s")], method="GET")

    assert upstream.requests == []
    assert await runs.told("status", "verdict", "changed") == [(403, "rejected", [])]


async def test_a_socket_that_the_server_closed_tells_with_what(runs: Runs, net: Network) -> None:
    """The client gets the same code as without the addon."""
    told, codes = "closed by the server with 1008 (policy violation)", []

    async def closing(peer: Peer) -> None:
        await peer.receive()
        await peer.send(created("a"))
        peer.close(1008, "policy violation")

    await net.upstream(talking(closing))
    async for proxy in runs.both():
        async with opened(proxy, SESSION) as peer:
            await peer.ask(turn("a"))
            await peer.receive()
            codes.append(peer.close_code)

    assert codes == [1008, 1008]
    assert await runs.told("verdict", "because") == [
        ("no_usage", f"the turn ended without usage counters: its WebSocket was {told}")
    ]
    assert runs.codex.connection_stats.report()["cut_short"] == {f"its WebSocket was {told}": 1}


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("client, in order", "was closed by the client with 1000"),
        ("client", "lost the connection to the client"),
        ("server", "lost the connection to the server"),
    ],
)
async def test_a_socket_that_ended_in_the_middle_of_a_turn_tells_on_which_side(
    runs: Runs, net: Network, who: str, told: str
) -> None:
    """Where it was cut there is no close frame, hence no code."""

    async def talk(peer: Peer) -> None:
        await peer.receive()
        await peer.send(created("a"))
        if who == "server":
            peer.writer.transport.abort()
        else:
            await peer.receive()

    await net.upstream(talking(talk))
    async with opened(await runs.proxy(), SESSION) as peer:
        await peer.ask(turn("a"))
        if who == "client":
            peer.writer.transport.abort()
        elif who != "server":
            peer.close(1000)
        rows = await runs.told("because")

    assert rows == [(f"the turn ended without usage counters: its WebSocket {told}",)]


async def test_a_socket_that_is_closed_after_its_turns_tells_nothing_more(runs: Runs, net: Network) -> None:
    await net.upstream(talking(Backend()))
    proxy = await runs.proxy(after=[watch := Watch()])
    async with opened(proxy, SESSION) as peer:
        await asking(turn("a"))(peer)
        peer.close(1001)
        await watch.end()

    assert await inputs(runs, 1) == ["a"]
    assert runs.codex.connection_stats.report()["cut_short"] == {}
