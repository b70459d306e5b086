"""The official SDK, pointed at the backend as its users do: it says not who it is, and asks for a refused option."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from toolkit.program import SCRIPTS

from client_tests import install, sdk_conversation
from client_tests.environment import Environment, Transport, Way, running
from client_tests.login import assert_nothing_private
from client_tests.messages import KEY, added, identity

pytestmark = pytest.mark.python

FIRST = ["Hello to you.", "Go on.", "And on."]
SECOND = ["Something else.", "Go on."]
OFFICIAL = "https://chatgpt.com/backend-api/codex"
WAYS = {"http": ("regular", "upstream", "reverse"), "websocket": ("regular", "reverse")}
CASES = [(transport, way) for transport, ways in WAYS.items() for way in ways]


@dataclass(frozen=True)
class Conversations:
    """Two conversations, each of a process of its own, and what each turn read from the cache."""

    environment: Environment
    cached: list[list[int]]
    over_http: bool


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Conversations:
    transport, way = request.param
    return asyncio.run(converse_twice(transport, way, tmp_path_factory.mktemp("client")))


async def converse_twice(transport: Transport, way: Way, folder: Path) -> Conversations:
    async with running(folder, way, transport) as environment:
        cached = [await converse(environment, said) for said in (FIRST, SECOND)]
    return Conversations(environment, cached, transport == "http")


async def converse(environment: Environment, said: list[str]) -> list[int]:
    command = [sys.executable, sdk_conversation.__file__, environment.transport, environment.base_url or OFFICIAL]
    printed = await environment.output([*command, *said], PYTHONPATH=f"{install.sdk()}:{SCRIPTS}")
    return [json.loads(line)["input_tokens_details"]["cached_tokens"] for line in printed.splitlines()]


def test_each_conversation_has_a_key(recording: Conversations) -> None:
    """All turns of a conversation have one key, over HTTP in all three places; another conversation has another key."""
    identities = [identity(received) for _, received in recording.environment.turns]
    first, second = identities[0], identities[-1]

    assert identities == [first] * len(FIRST) + [second] * len(SECOND)
    assert first != second
    for key, *sessions in (first, second):
        assert key
        assert sessions == ([key, key] if recording.over_http else [None, None])


def test_reads_from_the_cache(recording: Conversations) -> None:
    """The first turn finds nothing, and every later one most of its prompt."""
    for cached in recording.cached:
        assert cached[0] == 0
        assert min(cached[1:]) > 2000


def test_nothing_else_is_changed(recording: Conversations) -> None:
    """The refused option is gone, the key is there, and all else is what the client said."""
    for sent, received in recording.environment.turns:
        expected = {name: value for name, value in sent.json.items() if name != "stream_options"}
        headers = {"session-id", "session_id", "x-client-request-id"} if recording.over_http else set()

        assert ("stream_options" in sent.json) == recording.over_http
        assert identity(sent) == (None, None, None)
        assert received.json == expected | {KEY: received.json[KEY]}
        assert set(added(sent, received)) == headers


def test_journal(recording: Conversations) -> None:
    """Every turn is in the journal once; each conversation begins cold, and the rest of it is read."""
    entries = recording.environment.journal

    assert [entry["verdict"] for entry in entries] == ["cold", "hit", "hit", "cold", "hit"]
    assert [entry["turn"] for entry in entries] == [*range(1, 6)]
    assert len({entry["conversation"] for entry in entries}) == 2
    assert {entry["key_source"] for entry in entries} == {"conversation"}
    assert {entry["transport"] for entry in entries} == {recording.environment.transport}


def test_says_nothing_private(recording: Conversations) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(recording.environment.logs, *FIRST, *SECOND)
