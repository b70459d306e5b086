"""`scripts/run -- CLIENT`: a conversation of two processes, each behind a proxy of its own."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from client_tests import install
from client_tests.launched import LaunchedStage, set_launched_stage
from client_tests.scenes import ASK_FOR_A_COMMAND, MADE, THANKS
from client_tests.table import ROWS, Row
from client_tests.wire import identity, part

CLIENTS = {
    f"Codex CLI {install.NEW_CODEX}",
    f"Codex CLI {install.OLD_CODEX}",
    f"opencode {install.OPENCODE}",
    "pi 0.87.1",
}
SHARE = re.compile(r"^([\d.]+)% of [\d,]+ input tokens were read from the prompt cache", re.MULTILINE)
TURNS = re.compile(r"^Codex Continuity: (\d+) turns? in \d conversations?$", re.MULTILINE)
CHANGED = re.compile(
    r"^(?:changed: (.+?) in \d|nothing was changed: every turn already had its identity$)", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a client's two runs have left behind; each has ended with 0."""

    row: Row
    stage: LaunchedStage
    conversation: str


@pytest.fixture(scope="module", params=[row for row in ROWS if str(row) in CLIENTS], ids=str)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    row: Row = request.param
    if not all(file.exists() for file in row.client.needs(row.version)):
        pytest.skip(f"{row} could not be had")
    with set_launched_stage(tmp_path_factory.mktemp("room")) as stage:
        return play(row, stage)


def play(row: Row, stage: LaunchedStage) -> Scene:
    client = row.client(row.version, stage)
    first = client.start(ASK_FOR_A_COMMAND)
    client.resume(first.conversation, THANKS)
    return Scene(row=row, stage=stage, conversation=first.conversation)


def test_turns_arrive(scene: Scene) -> None:
    """A tool call with what came of it, and the resume, all with the conversation's key."""
    turns = [turn for turn in scene.stage.received if turn.kind != "handshake" and part(turn) == "turn"]

    assert len(turns) >= 3
    assert {identity(turn)[0] for turn in turns} == {scene.conversation}
    assert made(scene.stage.room) == MADE


def made(room: Path) -> str:
    return (room / "work" / "made.txt").read_text()


def test_summary(scene: Scene) -> None:
    """Each run tells of its own turns, which are those of the journal, and the resume found what it needs cached."""
    counts = [int(found(TURNS, run)) for run in scene.stage.runs]
    numbers = sorted(entry["turn"] for entry in scene.stage.journal)

    assert numbers == sorted(number for count in counts for number in range(1, count + 1))
    assert float(found(SHARE, scene.stage.runs[1])) > 75


def test_says_what_was_changed(scene: Scene) -> None:
    """It is what the client is known to lack."""
    adds = ", ".join(sorted(scene.row.adds))

    assert [CHANGED.findall(run) for run in scene.stage.runs] == [[adds]] * 2


def test_clients_have_nothing_to_complain_of(scene: Scene) -> None:
    """What the launcher gives a client makes Node warn of nothing."""
    assert not any("(node:" in run for run in scene.stage.runs)


def found(pattern: re.Pattern[str], said: str) -> str:
    [only] = pattern.findall(said)
    return str(only)
