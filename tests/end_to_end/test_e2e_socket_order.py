"""A WebSocket's events belong to the turn whose response they name; it has turns wherever it was moved, and an end.

What passes is compared with the same run without the addon.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from codexcache.body.json_splice import Object
from conftest import Network
from mitmproxy import http
from support.journals import INPUT
from support.neighbours import GATEWAY, OtherAddon, Runs, move, move_to_an_alias
from support.sockets import Data, Peer, Talk, opened, talking
from support.talks import asked
from support.wire import frame, said, spelled

SESSION = [("session_id", "s"), ("session-id", "s"), ("User-Agent", "agent/1.0")]
"""With a key in each message, nothing is left to be edited."""

ERROR = '{"type":"error","status":500,"error":{"code":"server_error"}}'


@pytest.fixture
def runs(net: Network, tmp_path: Path) -> Runs:
    return Runs(net, tmp_path / "journal.jsonl")


def turn(name: str) -> str:
    """Return a turn of which the backend's counters and its response's id can be told."""
    return frame(input=asked(name), prompt_cache_key=f"key-{name}")


def created(name: str) -> str:
    return spelled({"type": "response.created", "response": {"id": f"resp-{name}"}}).decode()


def ended(name: str) -> str:
    usage = {"input_tokens": 10_000 + ord(name), "input_tokens_details": {"cached_tokens": 0}}
    return spelled({"type": "response.completed", "response": {"id": f"resp-{name}", "usage": usage}}).decode()


def counted_for(rows: Sequence[Object]) -> dict[int, str | None]:
    """Return the turn to which the counters of each turn belong, by the number of the turn."""
    counts = {row["turn"]: row.get(INPUT) for row in rows}
    return {at: chr(count - 10_000) if isinstance(count, int) else None for at, count in counts.items()}  # type: ignore[misc]


def answering(turns: int, *events: str, got: list[Data] | None = None) -> Talk:
    """Answer so many turns with these events."""

    async def talk(peer: Peer) -> None:
        for _ in range(turns):
            message = await peer.receive()
            if got is not None and message is not None:
                got.append(message)
        for event in events:
            await peer.send(event)
        async for _ in peer.messages():
            pass

    return talk


async def exchanged(peer: Peer, messages: Sequence[Data], events: int) -> list[Data | None]:
    for message in messages:
        await peer.send(message)
    return [await peer.receive() for _ in range(events)]


IN_FLIGHT: dict[str, tuple[list[str], list[str | None]]] = {
    "one response amid another": ([created("a"), created("b"), ended("b"), ended("a")], ["a", "b"]),
    "a beginning that is no turn's": ([created("a"), created("x"), ended("a"), created("b"), ended("b")], ["a", "b"]),
    "an end that is no turn's": ([created("a"), ended("x"), ended("a"), created("b"), ended("b")], ["a", "b"]),
    "an end that comes twice": ([created("a"), ended("a"), ended("a"), created("b"), ended("b")], ["a", "b"]),
    "an error amid a response": ([created("a"), ERROR, created("b"), ended("b")], [None, "b"]),
    "a lost end": ([created("a"), created("b"), ended("b")], [None, "b"]),
    "lost beginnings": ([ended("a"), ended("b")], ["a", "b"]),
}


@pytest.mark.parametrize("name", IN_FLIGHT)
async def test_two_turns_in_flight_have_their_own_counters(net: Network, runs: Runs, name: str) -> None:
    events, expected = IN_FLIGHT[name]
    await net.upstream(talking(answering(2, *events)))
    passed = []
    async for proxy in runs.both():
        async with opened(proxy, SESSION) as peer:
            passed.append(await exchanged(peer, [turn("a"), turn("b")], len(events)))

    assert passed == [events, events]
    assert counted_for(await runs.rows(2)) == dict(enumerate(expected, 1))


@pytest.mark.parametrize("edit", [move, move_to_an_alias])
@pytest.mark.parametrize("hook", ["requestheaders", "request"])
@pytest.mark.parametrize("place", ["before", "after"])
async def test_a_socket_that_another_addon_moves_has_turns(
    net: Network, runs: Runs, place: str, hook: str, edit: object
) -> None:
    """Also one that was moved before this addon saw it."""
    await net.upstream()
    await net.upstream(talking(answering(1, created("a"), ended("a"), got=(got := list[Data]()))), host=GATEWAY)
    passed = []
    async for proxy in runs.both(**{place: [OtherAddon(**{hook: edit})]}):  # type: ignore[arg-type]
        async with opened(proxy, SESSION) as peer:
            passed.append(await exchanged(peer, [frame(input=asked("a"))], 2))
    (row,) = await runs.rows()

    assert passed[0] == passed[1]
    assert got == [frame(input=asked("a")), frame(input=asked("a"), prompt_cache_key="s")]
    assert (row["key"], row[INPUT]) == (runs.pseudonym("s"), 10_000 + ord("a"))


async def test_a_turn_that_is_too_large_has_a_row_wherever_its_type_stands(net: Network, runs: Runs) -> None:
    message = spelled({"input": "hello", "metadata": "x" * 2_000, "type": "response.create"}).decode()
    await net.upstream(talking(answering(1, created("a"), ended("a"), got=(got := list[Data]()))))
    async with opened(await runs.proxy(codex_body_limit="1k"), SESSION) as peer:
        await exchanged(peer, [message], 2)
    (row,) = await runs.rows()

    assert (got, row[INPUT]) == ([message], 10_000 + ord("a"))
    assert "its request was not read: it is over the size limit" in str(row["because"])


async def test_what_another_addon_made_unreadable_is_said_once(
    net: Network, runs: Runs, caplog: pytest.LogCaptureFixture
) -> None:
    def cut(flow: http.HTTPFlow) -> None:
        assert flow.websocket is not None
        if (message := flow.websocket.messages[-1]).from_client:
            message.content = message.content[:-1]

    await net.upstream(talking(answering(2, *(event(name) for name in "ab" for event in (created, ended)))))
    async with opened(await runs.proxy(after=[OtherAddon(websocket_message=cut)]), SESSION) as peer:
        await exchanged(peer, [turn("a"), turn("b")], 4)
    await runs.rows(2)

    assert [line.partition(":")[0] for line in said(caplog)] == [
        "A turn was edited after Codex Continuity had read it, and what left cannot be read"
    ]


@pytest.mark.parametrize(("code", "told"), [(1008, True), (1001, True), (1000, False)])
async def test_a_socket_that_is_closed_before_any_turn_has_a_row_as_a_refused_one(
    net: Network, runs: Runs, code: int, told: bool
) -> None:
    """And the launcher counts it as such. One that was closed as usual has none."""

    async def talk(peer: Peer) -> None:
        peer.close(code, "policy violation")

    await net.upstream(talking(talk))
    ended, codes = OtherAddon(websocket_end=lambda flow: over.set()), []
    async for proxy in runs.both(after=[ended]):
        over = asyncio.Event()
        async with opened(proxy, SESSION) as peer:
            await peer.receive()
            codes.append(peer.close_code)
        await asyncio.wait_for(over.wait(), 10)
    sentence = f"the WebSocket was closed by the server with {code} (policy violation) before any turn"

    assert codes == [code, code]
    assert runs.codex.connection_stats.report()["refused"] == ({sentence: 1} if told else {})
    if told:
        (row,) = await runs.rows()
        assert (row["endpoint"], row["verdict"], row["because"]) == ("handshake", "rejected", sentence)
