"""Conversations in which an agent gives its task to another one, with a thread of its own."""

import pytest

from client_tests.privacy import assert_nothing_private
from client_tests.scenes import PRIVATE, Scene, Turn, assert_gains_what_it_lacks, delegate
from client_tests.table import Case, cases
from client_tests.verdicts import assert_sensible
from client_tests.wire import KEY

MARKS = ("x-openai-subagent", "x-parent-session-id")


def by_agents() -> list[Case]:
    return [case for case in cases() if case.row.agents != "none" and case.way == "regular"]


@pytest.fixture(scope="module", params=by_agents(), ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    case: Case = request.param
    if case.missing():
        pytest.skip(f"{case.row} could not be had")
    return case


@pytest.fixture(scope="module")
def scene(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return delegate(case, tmp_path_factory.mktemp("room"))


def of(scene: Scene, *, child: bool) -> list[Turn]:
    """Returns the turns of the parent, or those of its sub-agent."""
    return [turn for turn in scene.turns if any(map(turn.sent.header, MARKS)) == child and turn.part != "keyless"]


def test_both_finish(scene: Scene) -> None:
    """The sub-agent had its turn, and the parent went on from what it said."""
    parent, child = of(scene, child=False), of(scene, child=True)

    assert parent[-1].entry["turn"] > child[-1].entry["turn"] > parent[0].entry["turn"]


def test_each_keeps_its_identity(scene: Scene, case: Case) -> None:
    """What a sub-agent has of its own is left to it, and so is what it has in common with its parent."""
    children = of(scene, child=True)
    keys = {turn.received.json[KEY] for turn in children}
    sessions = {turn.received.header("session-id") for turn in children}
    own_key, own_session = keys != {scene.conversation}, sessions != {scene.conversation}

    assert len(keys) == len(sessions) == 1
    assert (own_key, own_session) == {
        "own session": (True, True),
        "own key": (True, False),
        "own thread": (False, False),
    }[case.row.agents]


def test_gains_what_it_lacks(scene: Scene) -> None:
    """Sub-agents are treated like their parents."""
    assert_gains_what_it_lacks(scene)


def test_journal(scene: Scene) -> None:
    """Both conversations are told apart, and every turn of each has a verdict that fits."""
    parent, child = of(scene, child=False), of(scene, child=True)

    assert {turn.entry["status"] for turn in scene.turns} == {200}
    assert not {turn.entry["conversation"] for turn in parent} & {turn.entry["conversation"] for turn in child}
    assert_sensible(parent)
    assert_sensible(child)


def test_says_nothing_private(scene: Scene) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(scene.stage.said, *PRIVATE)
