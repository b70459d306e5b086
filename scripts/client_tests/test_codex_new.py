"""The newest Codex: over WebSocket as it comes, and over HTTP where the backend takes no WebSocket."""

import pytest

from client_tests.install import NEW_CODEX
from client_tests.scenes import MADE, Scene, last_type, play
from client_tests.wire import assert_untouched, identity

TRANSPORTS = {"websocket": (), "http": ("--upgrade-status", "426")}


@pytest.fixture(scope="module", params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scene(transport: str, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return play(tmp_path_factory.mktemp(f"new codex {transport}"), NEW_CODEX, *TRANSPORTS[transport])


def test_takes_the_transport(scene: Scene, transport: str) -> None:
    """The case is about the transport that it is named after."""
    expected = {"frame"} if transport == "websocket" else {"request"}

    assert {turn.kind for turn in scene.turns()} == expected


def test_every_run_finishes(scene: Scene) -> None:
    """Each of the three processes ends its turn, with usage, and they are one conversation."""
    assert len({run.thread for run in scene.runs}) == 1
    assert all(run.usage["input_tokens"] for run in scene.runs)


def test_tool_call(scene: Scene) -> None:
    """The command was run, and the next turn told the model what it printed."""
    assert scene.made == MADE
    assert len(scene.tool_outputs()) == 1


def test_compacts_in_band(scene: Scene) -> None:
    """The second run had the history compacted by an ordinary turn."""
    assert [last_type(turn) for turn in scene.turns()].count("compaction_trigger") == 1


def test_everything_arrives_as_it_was_sent(scene: Scene) -> None:
    """The official client knows what it does: no header and no byte of it is touched."""
    assert_untouched(scene.stage.sent, scene.stage.received)


def test_identity(scene: Scene) -> None:
    """Key and session header are the conversation's in every turn of every process, compaction included."""
    assert {identity(turn) for turn in scene.turns()} == {(scene.thread, scene.thread, None)}


def test_says_nothing_private(scene: Scene) -> None:
    """What the proxy says names neither the conversation nor what was said in it."""
    assert scene.thread not in scene.stage.log
    assert MADE.strip() not in scene.stage.log
