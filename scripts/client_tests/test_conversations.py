"""Every client over every transport by every way in: a tool call, a compaction, two resumes."""

import pytest

from client_tests.privacy import assert_nothing_private
from client_tests.scenes import MADE, PRIVATE, Scene, assert_gains_what_it_lacks, converse
from client_tests.table import Case, cases
from client_tests.verdicts import assert_sensible
from client_tests.wire import REAL, identity

KINDS = {"http": "request", "websocket": "frame"}


@pytest.fixture(scope="module", params=cases(), ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    case: Case = request.param
    if case.missing():
        pytest.skip(f"{case.row} could not be had")
    return case


@pytest.fixture(scope="module")
def scene(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return converse(case, tmp_path_factory.mktemp("room"))


def test_takes_the_way(scene: Scene, case: Case) -> None:
    """The case is about the transport and the way in that it is named after."""
    turns = [turn for turn in scene.turns if turn.part == "turn"]

    assert {turn.sent.kind for turn in turns} == {KINDS[case.transport]}
    assert {turn.sent.path.startswith(REAL) for turn in turns} == {case.way != "reverse"}
    assert {turn.received.path for turn in turns} == {REAL}


def test_every_run_finishes(scene: Scene) -> None:
    """Each of the three processes ends its turn, with counters, and they are one conversation."""
    assert len({run.conversation for run in scene.runs}) == 1
    assert all(run.input_tokens for run in scene.runs)


def test_tool_call(scene: Scene) -> None:
    """The command was run, and the next turn told the model what it printed."""
    assert scene.made == MADE
    assert len(scene.tool_outputs()) >= 1


def test_compaction(scene: Scene, case: Case) -> None:
    """The second run had the history compacted, in the manner of its time; no turn was sent twice."""
    manner = case.row.compaction
    compactions = [turn.received.path for turn in scene.turns if turn.part == "compaction"]
    turns = [turn for turn in scene.turns if turn.part == "turn"]

    assert compactions == {"endpoint": [f"{REAL}/compact"], "in band": [REAL]}.get(manner, [])
    assert len(turns) == 4 + (manner == "a turn")


def test_one_identity(scene: Scene, case: Case) -> None:
    """Every turn of every process bears the conversation's key, and each session header that is there has it too."""
    spellings = [scene.conversation if name in case.row.spellings else None for name in ("session-id", "session_id")]

    assert {identity(turn.received) for turn in scene.turns} == {(scene.conversation, *spellings)}


def test_gains_what_it_lacks(scene: Scene) -> None:
    """The expected headers and, where there was none, the key: nothing else is added, and nothing is changed."""
    assert_gains_what_it_lacks(scene)


def test_journal(scene: Scene) -> None:
    """Every turn is in the journal once, with what it was and a verdict that fits."""
    assert [turn.entry["turn"] for turn in scene.turns] == [*range(1, len(scene.turns) + 1)]
    assert {turn.entry["status"] for turn in scene.turns} == {200}
    assert {turn.entry["echoed_key"] for turn in scene.turns} == {"same"}
    for turn in scene.turns:
        assert KINDS[turn.entry["transport"]] == turn.sent.kind
        assert turn.entry["endpoint"] == ("compact" if turn.sent.path.endswith("/compact") else "responses")
    assert_sensible(scene.turns)


def test_says_nothing_private(scene: Scene) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(scene.stage.said, scene.conversation, *PRIVATE)
