"""What a case's client sent, what arrived, and what the journal says of it; and what is expected of them all."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from embedded_backend import Received

from client_tests.cases import Case
from client_tests.clients import Result
from client_tests.environment import Entry, Environment, running
from client_tests.messages import added, assert_only_gains, part

MADE = "from-the-tool\n"
ASK_FOR_A_COMMAND = "run: echo from-the-tool | tee made.txt"
ASK_FOR_AN_AGENT = "delegate: Say hello."
THANKS, AGAIN = "Thank you very much.", "And once again."
PRIVATE = (MADE.strip(), "Say hello", THANKS, AGAIN)
"""Words of the prompts."""

_FIRST = {"cold", "below_minimum"}  # verdicts that fit the first turn of a conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as it was sent, as it arrived, and what the journal says of it."""

    sent: Received
    received: Received
    entry: Entry

    @property
    def part(self) -> str:
        """Which part of a conversation it is."""
        return part(self.sent)


@dataclass(frozen=True)
class Recording:
    """The runs of a case; the programs around it have ended."""

    case: Case
    environment: Environment
    runs: list[Result]

    @property
    def conversation(self) -> str:
        """The id of the conversation."""
        return self.runs[0].conversation

    @cached_property
    def turns(self) -> list[Turn]:
        """The turns in the order in which they were sent, which is the order of the journal's numbers."""
        entries = sorted(self.environment.journal, key=lambda entry: int(entry["turn"]))
        return [Turn(*pair, entry) for pair, entry in zip(self.environment.turns, entries, strict=True)]


def in_case(
    case: Case,
    folder: Path,
    *,
    rules: Mapping[str, object] = MappingProxyType({}),
    options: Mapping[str, object] = MappingProxyType({}),
) -> AbstractAsyncContextManager[Environment]:
    """Return the environment of a case; `rules` of the backend come in addition to those that the client needs."""
    rules = {**case.row.rules, **rules}
    return running(folder, case.way, case.transport, ca_variables=(case.ca_variable,), rules=rules, options=options)


async def converse(case: Case, folder: Path, **settings: Any) -> Recording:
    """Record one conversation of three processes: a tool call, a resume that compacts first, a resume.

    The settings are those of `in_case`.
    """
    async with in_case(case, folder, **settings) as environment:
        client = case.row.logged_in(environment)
        first = await client.run(ASK_FOR_A_COMMAND)
        if not case.row.resumes:
            return Recording(case, environment, [first])
        second = await client.run(THANKS, first.conversation, compact=case.row.compaction != "none")
        third = await client.run(AGAIN, first.conversation)
    return Recording(case, environment, [first, second, third])


async def delegate(case: Case, folder: Path) -> Recording:
    """Record a conversation whose task is given to a sub-agent."""
    async with in_case(case, folder) as environment:
        result = await case.row.logged_in(environment).run(ASK_FOR_AN_AGENT)
    return Recording(case, environment, [result])


def assert_gains_what_it_lacks(recording: Recording) -> None:
    """Every message has gained the expected headers and, where it had none, the key; all else is as it was sent."""
    for sent, received in recording.environment.pairs:
        assert set(added(sent, received)) == recording.case.row.gains(sent)
        assert_only_gains(sent, received, recording.conversation)


def assert_sensible(turns: list[Turn]) -> None:
    """Each turn of one agent has a verdict that fits what came before it; warm-ups are told as such, and no more."""
    assert all((turn.entry["verdict"] == "warm_up") == (turn.part == "warm-up") for turn in turns)
    assert all(turn.entry.get("warm_up", False) == (turn.part == "warm-up") for turn in turns)
    own = [turn for turn in turns if turn.part not in ("title", "warm-up")]
    assert own[0].entry["verdict"] in _FIRST | ({"hit"} if turns[0].part == "warm-up" else set())
    for before, turn in pairwise(own):
        assert turn.entry["verdict"] in _fitting(before, turn), turn.entry


def _fitting(before: Turn, turn: Turn) -> set[str]:
    """Return the verdicts that fit a turn that comes after another."""
    if before.part == "compaction":
        return {"context_compacted", "hit"}
    if turn.part == "compaction" and ("tools" in turn.sent.json) != ("tools" in before.sent.json):
        return {"tools_changed"}
    return {"hit"}
