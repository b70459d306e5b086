"""`scripts/run -- CLIENT`: a conversation of two processes, each behind a proxy of its own."""

import asyncio
import re
from collections import Counter
from pathlib import Path

import pytest

from client_tests import install
from client_tests.cases import ROWS, Case, Row, parameters
from client_tests.clients import CodexProvider
from client_tests.environment import launching
from client_tests.messages import identity, part
from client_tests.recordings import ASK_FOR_A_COMMAND, MADE, THANKS, Recording

VERSIONS = (install.NEW_CODEX, install.OLD_CODEX, install.OPENCODE, install.NEW_PI, install.OH_MY_PI)
LAUNCHED = [row for row in ROWS if row.version in VERSIONS and row.client is not CodexProvider]
SHARE = re.compile(r"^([\d.]+)% of [\d,]+ input tokens were read from the prompt cache", re.MULTILINE)
TURNS = re.compile(r"^Codex Continuity: (\d+) turns? in \d conversations?$", re.MULTILINE)
CHANGED = re.compile(r"^(?:changed: (.+?) in \d|nothing was changed: each turn had a stable identity)", re.MULTILINE)


@pytest.fixture(scope="module", params=parameters(LAUNCHED))
def launched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return asyncio.run(converse(request.param, tmp_path_factory.mktemp("client")))


async def converse(row: Row, folder: Path) -> Recording:
    async with launching(folder, row.rules) as environment:
        client = row.logged_in(environment)
        first = await client.run(ASK_FOR_A_COMMAND)
        second = await client.run(THANKS, first.conversation)
    return Recording(Case(row, environment.transport, environment.way), environment, [first, second])


def test_turns_arrive(launched: Recording) -> None:
    """A tool call with what came of it, and the resume, all with the conversation's key."""
    turns = [turn for turn in launched.environment.received if turn.kind != "handshake" and part(turn) == "turn"]

    assert len(turns) >= 3
    assert {identity(turn)[0] for turn in turns} == {launched.conversation}
    assert (launched.environment.work / "made.txt").read_text() == MADE


def test_summary(launched: Recording) -> None:
    """Each run tells of its own turns, which are those of the journal, and the resume found what it needs cached.

    A warm-up is a row of the journal and no turn.
    """
    counts = [int(found(TURNS, run)) for run in launched.environment.runs]
    turns = Counter(entry["run"] for entry in launched.environment.journal if not entry.get("warm_up"))

    assert sorted(turns.values()) == sorted(counts)
    assert float(found(SHARE, launched.environment.runs[1])) > 75


def test_says_what_was_changed(launched: Recording) -> None:
    """It is what the client is known to lack."""
    adds = ", ".join(sorted(launched.case.row.adds))

    assert [CHANGED.findall(run) for run in launched.environment.runs] == [[adds]] * 2


def test_clients_have_nothing_to_complain_of(launched: Recording) -> None:
    """What the launcher gives a client makes Node warn of nothing."""
    assert not any("(node:" in run for run in launched.environment.runs)


def found(pattern: re.Pattern[str], said: str) -> str:
    [only] = pattern.findall(said)
    return str(only)
