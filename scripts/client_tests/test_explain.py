"""`codex-continuity explain`: the sums of the logs that Codex itself keeps are what the backend counted."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from codex_explain.replay import Replay
from codex_explain.rollouts import Library, find
from codexcache.output.counter_names import CACHED, INPUT

from client_tests.app_server import AppServer, app_server
from client_tests.clients import Codex, CodexProvider
from client_tests.environment import Entry, Environment, Transport, running
from client_tests.install import NEW_CODEX
from client_tests.login import assert_nothing_private
from client_tests.recordings import ASK_FOR_A_COMMAND, ASK_FOR_AN_AGENT, PRIVATE, THANKS

pytestmark = pytest.mark.codex

OTHER_MODEL = {"0.98.0": "gpt-5.1-codex-max", "0.130.0": "gpt-5.3-codex", "0.155.0": "gpt-5.5", NEW_CODEX: "gpt-5.5"}
HAS_AGENTS = {"0.98.0": 0, "0.130.0": 1, "0.155.0": 1, NEW_CODEX: 1}
"""How many sub-agents the request for one makes."""

CASES: list[tuple[str, Transport]] = [(version, "http") for version in OTHER_MODEL]
CASES += [(version, "websocket") for version in OTHER_MODEL if version != "0.98.0"]


@dataclass(frozen=True)
class Logged:
    """What the addon's journal and Codex's own logs say of the same turns, and what the second could not."""

    version: str
    counted: list[Entry]
    explained: list[Entry]
    replay: Replay
    lines: bytes


@pytest.fixture(scope="module", params=CASES, ids=lambda case: "-".join(case))
def logged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    version, transport = request.param
    return asyncio.run(_record(version, transport, tmp_path_factory.mktemp("client")))


async def _record(version: str, transport: Transport, folder: Path) -> Logged:
    async with running(folder, transport=transport) as environment:
        client = Codex(version, environment)
        async with app_server(client) as server:
            thread = await _first_session(server, environment, OTHER_MODEL[version])
        async with app_server(client) as server:
            await server.ask("thread/resume", threadId=thread)
            await server.turn(thread, THANKS)
    lines = list[bytes]()
    known = find([folder / ".codex"])
    replay = Replay(Library(known), 0, lines.append)
    replay.run(known)
    explained = [orjson.loads(line) for line in lines]
    return Logged(version, environment.journal, explained, replay, b"".join(lines))


async def _first_session(server: AppServer, environment: Environment, other: str) -> str:
    """Have a tool call, other settings, a fork and a fork of it, a sub-agent and a compaction; return the thread."""
    thread = await server.start(environment.work)
    await server.turn(thread, ASK_FOR_A_COMMAND)
    await server.turn(thread, "Harder, please.", effort="high")
    await server.turn(thread, "And by another model.", model=other)
    fork = await server.fork(thread)
    await server.turn(fork, "In the fork.")
    await server.turn(thread, "In the first.")
    await server.turn(fork, "In the fork again.")
    await server.turn(await server.fork(fork), "In the third.")
    await server.turn(thread, ASK_FOR_AN_AGENT)
    await server.compact(thread)
    await server.turn(thread, "What is left?")
    return thread


async def _own_compaction(version: str, folder: Path) -> tuple[list[Entry], list[Entry]]:
    """Have a client with a provider of its user's own compact; return what was counted, and what its logs say."""
    async with running(folder, way="reverse", transport="http") as environment:
        client = CodexProvider(version, environment)
        thread = (await client.run(ASK_FOR_A_COMMAND)).conversation
        await client.run(THANKS, thread, compact=True)
        await client.run("What is left?", thread)
    lines = list[bytes]()
    known = find([folder / ".codex"])
    Replay(Library(known), 0, lines.append).run(known)
    return environment.journal, [orjson.loads(line) for line in lines]


def amounts(entries: Iterable[Entry]) -> Counter[tuple[int, int]]:
    """Return input and cached tokens of turns, however often they come."""
    return Counter((entry[INPUT], entry[CACHED]) for entry in entries)


def test_sums_are_what_the_backend_counted(logged: Logged) -> None:
    """Turn by turn; what is missing are the warm-ups, and compactions by `/compact`, of which it is said."""
    turns = [entry for entry in logged.counted if not entry.get("warm_up")]
    compactions = [entry for entry in turns if entry["endpoint"] == "compact"]

    assert amounts(logged.explained) == amounts(turns) - amounts(compactions)
    assert logged.replay.uncounted == len(compactions)
    assert logged.replay.damaged == 0


def test_conversations(logged: Logged) -> None:
    """The first session and its two forks; a sub-agent is part of the session that it works for."""
    assert len({entry["conversation"] for entry in logged.explained}) == 3
    assert len(logged.replay.agents) == HAS_AGENTS[logged.version]


def test_causes(logged: Logged) -> None:
    """What was asked for is found: another model and effort, a fork, a compaction."""
    changes = {name for entry in logged.explained for name in entry["changes"]}

    assert changes >= {"model_changed", "prompt_cache_key_changed", "context_compacted"}
    assert not {entry["verdict"] for entry in logged.explained} & {"key_replaced", "session_missing", "account_changed"}


def test_says_nothing_private(logged: Logged) -> None:
    assert_nothing_private(logged.lines.decode(), *PRIVATE)


@pytest.mark.parametrize("version", OTHER_MODEL)
def test_compaction_by_the_client_itself(version: str, tmp_path: Path) -> None:
    """It asks for a summary: up to 0.155 without tools, which is the reason in the log as it is on the wire."""
    counted, explained = asyncio.run(_own_compaction(version, tmp_path))

    assert amounts(explained) == amounts(counted)
    assert [entry["verdict"] for entry in explained][2] == [entry["verdict"] for entry in counted][2]
