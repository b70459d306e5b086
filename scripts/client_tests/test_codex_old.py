"""An old Codex: zstd over HTTP, the session header in its old spelling, a compaction that says nothing of who it is."""

import pytest
from embedded_backend.received import Received

from client_tests.install import OLD_CODEX
from client_tests.scenes import MADE, Scene, play
from client_tests.wire import added, identity, is_compaction


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return play(tmp_path_factory.mktemp("old codex"), OLD_CODEX)


def pairs(scene: Scene, *, compaction: bool) -> list[tuple[Received, Received]]:
    """Returns the turns, or the compactions, as they were sent and as they arrived."""
    both = zip(scene.stage.sent, scene.stage.received, strict=True)
    return [(sent, received) for sent, received in both if is_compaction(sent) == compaction]


def test_every_run_finishes(scene: Scene) -> None:
    """Each of the three processes ends its turn, with usage, and they are one conversation."""
    assert len({run.thread for run in scene.runs}) == 1
    assert all(run.usage["input_tokens"] for run in scene.runs)


def test_tool_call(scene: Scene) -> None:
    """The command was run, and the next turn told the model what it printed."""
    assert scene.made == MADE
    assert len(scene.tool_outputs()) == 1


def test_one_identity(scene: Scene) -> None:
    """Every turn bears the conversation's key in all three places, the compaction too."""
    assert {identity(turn) for turn in scene.turns()} == {(scene.thread,) * 3}


def test_turns_gain_a_header_and_no_more(scene: Scene) -> None:
    """A turn is short of the new spelling alone: its body arrives as it was compressed by the client."""
    for sent, received in pairs(scene, compaction=False):
        assert sent.header("content-encoding") == "zstd"
        assert added(sent, received) == {"session-id": scene.thread}
        assert sent.body == received.body


def test_compaction_gains_an_identity(scene: Scene) -> None:
    """The compaction came without any, and is otherwise what the client sent."""
    [(sent, received)] = pairs(scene, compaction=True)

    assert identity(sent) == (None, None, None)
    assert set(added(sent, received)) == {"session-id", "session_id", "x-client-request-id"}
    assert received.json == sent.json | {"prompt_cache_key": scene.thread}


def test_says_nothing_private(scene: Scene) -> None:
    """What the proxy says names neither the conversation nor what was said in it."""
    assert scene.thread not in scene.stage.log
    assert MADE.strip() not in scene.stage.log
