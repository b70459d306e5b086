"""The official SDK, pointed at the backend as its users do: it says not who it is, and asks for a refused option."""

import json
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from client_tests import install, sdk_conversation, summary
from client_tests.privacy import assert_nothing_private
from client_tests.programs import output
from client_tests.stage import SCRIPTS, Stage, Transport, Way, set_stage
from client_tests.wire import KEY, Pair, added, identity, paired

FIRST = ["Hello to you.", "Go on.", "And on."]
SECOND = ["Something else.", "Go on."]
OFFICIAL = "https://chatgpt.com/backend-api/codex"
CASES: list[tuple[Transport, Way]] = [
    ("http", "regular"),
    ("http", "upstream"),
    ("http", "reverse"),
    ("websocket", "regular"),
    ("websocket", "reverse"),
]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Two conversations, each of a process of its own, and what each turn read from the cache."""

    stage: Stage
    cached: list[list[int]]

    @cached_property
    def pairs(self) -> list[Pair]:
        return [pair for pair in paired(self.stage.sent, self.stage.received) if pair[0].kind != "handshake"]

    @property
    def over_http(self) -> bool:
        return self.stage.transport == "http"


@pytest.fixture(scope="module", params=CASES, ids=" ".join)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    transport, way = request.param
    room: Path = tmp_path_factory.mktemp("room")
    with set_stage(room, way, transport) as stage:
        scene = Scene(stage=stage, cached=[converse(stage, FIRST), converse(stage, SECOND)])
    summary.note(f"openai SDK {install.SDK}", transport, way, paired(stage.sent, stage.received))
    return scene


def converse(stage: Stage, said: list[str]) -> list[int]:
    environment = stage.environment() | {"PYTHONPATH": f"{install.sdk()}:{SCRIPTS}"}
    command = [sys.executable, sdk_conversation.__file__, stage.transport, stage.base_url or OFFICIAL, *said]
    printed = output(command, stage.room, environment)
    return [json.loads(line)["input_tokens_details"]["cached_tokens"] for line in printed.splitlines()]


def test_each_conversation_has_a_key(scene: Scene) -> None:
    """All turns of a conversation bear one key, over HTTP in all three places; another conversation has another key."""
    identities = [identity(received) for _, received in scene.pairs]
    first, second = identities[: len(FIRST)], identities[len(FIRST) :]

    assert (len(FIRST), len(SECOND)) == (len(first), len(second))
    assert len(set(first)) == len(set(second)) == 1
    assert first[0] != second[0]
    for key, *sessions in (first[0], second[0]):
        assert key
        assert sessions == ([key, key] if scene.over_http else [None, None])


def test_reads_from_the_cache(scene: Scene) -> None:
    """The first turn finds nothing, and every later one most of its prompt."""
    for cached in scene.cached:
        assert cached[0] == 0
        assert min(cached[1:]) > 2000


def test_nothing_else_is_changed(scene: Scene) -> None:
    """The refused option is gone, the key is there, and all else is what the client said."""
    for sent, received in scene.pairs:
        expected = {name: value for name, value in sent.json.items() if name != "stream_options"}
        headers = {"session-id", "session_id", "x-client-request-id"} if scene.over_http else set()

        assert ("stream_options" in sent.json) == scene.over_http
        assert identity(sent) == (None, None, None)
        assert received.json == expected | {KEY: received.json[KEY]}
        assert set(added(sent, received)) == headers


def test_journal(scene: Scene) -> None:
    """Every turn is in the journal once; each conversation begins cold, and the rest of it is read."""
    entries = scene.stage.journal

    assert [entry["verdict"] for entry in entries] == ["cold", "hit", "hit", "cold", "hit"]
    assert [entry["turn"] for entry in entries] == [*range(1, 6)]
    assert len({entry["conversation"] for entry in entries}) == 2
    assert {entry["key_source"] for entry in entries} == {"conversation"}
    assert {entry["transport"] for entry in entries} == {scene.stage.transport}


def test_says_nothing_private(scene: Scene) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(scene.stage.said, *FIRST, *SECOND)
