"""Conversations in which an agent gives its task to another one, with a thread of its own."""

import asyncio
from pathlib import Path

import pytest

from client_tests.cases import CASES, parameters
from client_tests.clients import Codex
from client_tests.environment import running
from client_tests.install import NEW_CODEX
from client_tests.login import assert_nothing_private
from client_tests.messages import KEY, added, identity
from client_tests.recordings import PRIVATE, Recording, Turn, assert_gains_what_it_lacks, assert_sensible, delegate

BY_AGENTS = [case for case in CASES if case.row.agents != "none" and case.way == "regular"]
MARKS = ("x-openai-subagent", "x-parent-session-id")


@pytest.fixture(scope="module", params=parameters(BY_AGENTS))
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return asyncio.run(delegate(request.param, tmp_path_factory.mktemp("client")))


def of(recording: Recording, *, child: bool) -> list[Turn]:
    """Return the turns of the parent, or those of its sub-agent."""
    return [turn for turn in recording.turns if any(map(turn.sent.header, MARKS)) == child and turn.part != "title"]


def test_both_finish(recording: Recording) -> None:
    """The sub-agent had its turn, and the parent went on from what it said."""
    parent, child = of(recording, child=False), of(recording, child=True)

    assert parent[-1].entry["turn"] > child[-1].entry["turn"] > parent[0].entry["turn"]


def test_each_keeps_its_identity(recording: Recording) -> None:
    """What a sub-agent has of its own is left to it, and so is what it has in common with its parent."""
    children = of(recording, child=True)
    keys = {turn.received.json[KEY] for turn in children}
    sessions = {turn.received.header("session-id") for turn in children}
    own_key, own_session = keys != {recording.conversation}, sessions != {recording.conversation}

    assert len(keys) == len(sessions) == 1
    assert (own_key, own_session) == {
        "own session": (True, True),
        "own key": (True, False),
        "own thread": (False, False),
    }[recording.case.row.agents]


def test_gains_what_it_lacks(recording: Recording) -> None:
    """Sub-agents are treated like their parents."""
    assert_gains_what_it_lacks(recording)


def test_journal(recording: Recording) -> None:
    """The two are different conversations, and every turn of each has a verdict that fits."""
    parent, child = of(recording, child=False), of(recording, child=True)

    assert {turn.entry["status"] for turn in recording.turns} == {200}
    assert not {turn.entry["conversation"] for turn in parent} & {turn.entry["conversation"] for turn in child}
    assert_sensible(parent)
    assert_sensible(child)


def test_says_nothing_private(recording: Recording) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(recording.environment.logs, *PRIVATE)


@pytest.mark.codex
async def test_a_review_keeps_its_own_thread(tmp_path: Path) -> None:
    """The newest Codex reviews by a second agent in the first's session: a thread that differs from it is lawful."""
    async with running(tmp_path) as environment:
        run = await Codex(NEW_CODEX, environment).exec("review", "Look for mistakes.")
    turn = [turn for turn in environment.received if turn.header("x-openai-subagent") == "review"][-1]

    assert identity(turn) == (run.conversation, run.conversation, None)
    assert turn.header("thread-id") not in (None, run.conversation)
    for sent, received in environment.pairs:
        assert (added(sent, received), sent.body) == ({}, received.body)
