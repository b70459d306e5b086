"""Every client over every transport by every way in: a tool call, a compaction, two resumes."""

import asyncio
from pathlib import Path

import pytest

from client_tests import install
from client_tests.cases import CASES, parameters
from client_tests.clients import Pi
from client_tests.environment import running
from client_tests.login import assert_nothing_private
from client_tests.messages import REAL, identity
from client_tests.recordings import MADE, PRIVATE, Recording, assert_gains_what_it_lacks, assert_sensible, converse

KINDS = {"http": "request", "websocket": "frame"}


@pytest.fixture(scope="module", params=parameters(CASES))
def recording(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return asyncio.run(converse(request.param, tmp_path_factory.mktemp("client")))


def test_takes_the_way(recording: Recording) -> None:
    """The case is about the transport and the way in that it is named after."""
    case = recording.case
    turns = [turn for turn in recording.turns if turn.part == "turn"]

    assert {turn.sent.kind for turn in turns} == {KINDS[case.transport]}
    assert {turn.sent.path.startswith(REAL) for turn in turns} == {case.way != "reverse"}
    assert {turn.received.path for turn in turns} == {REAL}


def test_every_run_finishes(recording: Recording) -> None:
    """Each process ends its turn, with counters, and they are one conversation."""
    assert len({run.conversation for run in recording.runs}) == 1
    assert all(run.input_tokens for run in recording.runs)


def test_tool_call(recording: Recording) -> None:
    """The command was run, and the next turn told the model what it printed."""
    assert (recording.environment.work / "made.txt").read_text() == MADE
    sent = [turn.sent for turn in recording.turns if MADE.strip() in turn.sent.content.decode()]
    # pi 1.6.0 ends each input with its effort, as an item.
    assert any(str(item.get("type")).endswith("_call_output") for one in sent for item in one.json["input"][-2:])


def test_compaction(recording: Recording) -> None:
    """The second run had the history compacted, in the manner of its time; no turn was sent twice."""
    manner = recording.case.row.compaction
    compactions = [turn.received.path for turn in recording.turns if turn.part == "compaction"]
    turns = [turn for turn in recording.turns if turn.part == "turn"]

    assert compactions == {"endpoint": [f"{REAL}/compact"], "in band": [REAL]}.get(manner, [])
    assert len(turns) == (4 if recording.case.row.resumes else 2) + (manner == "a turn")


def test_one_identity(recording: Recording) -> None:
    """Every turn of every process has the conversation's key, and so has each session header that is there."""
    key, spellings = recording.conversation, recording.case.row.spellings
    sessions = (key if name in spellings else None for name in ("session-id", "session_id"))

    assert {identity(turn.received) for turn in recording.turns} == {(key, *sessions)}


def test_gains_what_it_lacks(recording: Recording) -> None:
    """The expected headers and, where there was none, the key: nothing else is added, and nothing is changed."""
    assert_gains_what_it_lacks(recording)


def test_journal(recording: Recording) -> None:
    """Every turn is in the journal once, with a verdict that fits; refused WebSockets take numbers between them."""
    numbers = [turn.entry["turn"] for turn in recording.turns]
    assert numbers == sorted(set(numbers))
    assert {turn.entry["status"] for turn in recording.turns} == {200}
    assert {turn.entry["echoed_key"] for turn in recording.turns} == {"same"}
    for turn in recording.turns:
        assert KINDS[turn.entry["transport"]] == turn.sent.kind
        assert turn.entry["endpoint"] == ("compact" if turn.sent.path.endswith("/compact") else "responses")
    assert_sensible(recording.turns)


def test_says_nothing_private(recording: Recording) -> None:
    """What the proxy and the journal say names neither who it was nor what was said."""
    assert_nothing_private(recording.environment.logs, recording.conversation, *PRIVATE)


@pytest.mark.node
async def test_a_refused_member_is_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    """Pi 1.6.0 caps its output in every turn, which a backend that refuses the cap would never answer."""
    strip = {"codex_strip": "stream_options,max_output_tokens"}
    async with running(tmp_path, options=strip) as environment:
        result = await Pi(install.NEW_PI, environment).run("Hello to you.")

    assert result.input_tokens
    assert all("max_output_tokens" in sent.json for sent, _ in environment.turns)
    assert not any("max_output_tokens" in received.json for _, received in environment.turns)
