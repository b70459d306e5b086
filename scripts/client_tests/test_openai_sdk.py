"""The official SDK, pointed at the backend as its users do: it says not who it is, and asks for a refused option."""

import json
import sys
from dataclasses import dataclass

import pytest

from client_tests import install, sdk_conversation
from client_tests.programs import output
from client_tests.stage import SCRIPTS, Stage, set_stage
from client_tests.wire import added, identity

FIRST = ["Hello.", "Go on.", "And on."]
SECOND = ["Something else.", "Go on."]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Two conversations, each of a process of its own, and what each turn read from the cache."""

    stage: Stage
    cached: list[list[int]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    with set_stage(tmp_path_factory.mktemp("openai sdk")) as stage:
        return Scene(stage=stage, cached=[converse(stage, FIRST), converse(stage, SECOND)])


def converse(stage: Stage, said: list[str]) -> list[int]:
    environment = stage.environment() | {"PYTHONPATH": f"{install.sdk()}:{SCRIPTS}"}
    printed = output([sys.executable, sdk_conversation.__file__, *said], stage.room, environment)
    return [json.loads(line)["input_tokens_details"]["cached_tokens"] for line in printed.splitlines()]


def test_each_conversation_has_a_key(scene: Scene) -> None:
    """All turns of a conversation bear one key in all three places; another conversation has another key."""
    identities = [identity(turn) for turn in scene.stage.received]
    first, second = identities[: len(FIRST)], identities[len(FIRST) :]

    assert (len(FIRST), len(SECOND)) == (len(first), len(second))
    assert len(set(first)) == len(set(first[0])) == 1
    assert len(set(second)) == len(set(second[0])) == 1
    assert first[0] != second[0]
    assert None not in first[0] + second[0]


def test_reads_from_the_cache(scene: Scene) -> None:
    """The first turn finds nothing, and every later one most of its prompt."""
    for cached in scene.cached:
        assert cached[0] == 0
        assert min(cached[1:]) > 2000


def test_nothing_else_is_changed(scene: Scene) -> None:
    """The refused option is gone, the key is there, and all else is what the client said."""
    for sent, received in zip(scene.stage.sent, scene.stage.received, strict=True):
        expected = sent.json | {"prompt_cache_key": received.json["prompt_cache_key"]}
        del expected["stream_options"]

        assert identity(sent) == (None, None, None)
        assert expected == received.json
        assert set(added(sent, received)) == {"session-id", "session_id", "x-client-request-id"}
