"""Rows put together into conversations, and how many tokens each turn sent again.

A conversation is identified by its pseudonym, also over restarts of the proxy. What was sent again is not in a journal;
for a miss it is what the smaller of the predecessor's and this turn's input holds beyond what was read. Where the
predecessor is not in the journal, what the journal calls reusable is taken for its input: less, and an estimate too.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..verdicts import VerdictEntry, verdict_entry
from .load import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTurn:
    """A turn in its conversation. `gap` is the seconds since all turns before it had ended, None for the first."""

    row: Row
    verdict: VerdictEntry
    resent: int
    gap: float | None

    @property
    def fresh(self) -> int:
        """Input tokens that were neither read from the cache nor sent before."""
        return max(0, (self.row.input or 0) - (self.row.cached or 0) - self.resent)

    @property
    def is_counted(self) -> bool:
        """True if the backend reported both the input and how much of it was cached."""
        return self.row.input is not None and self.row.cached is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The turns of one conversation, in the order of time."""

    name: str
    turns: tuple[ReportTurn, ...]

    @property
    def resent(self) -> int:
        """Tokens that were sent again."""
        return sum(turn.resent for turn in self.turns)

    @property
    def input(self) -> int:
        """Input tokens, as far as they were reported."""
        return sum(turn.row.input or 0 for turn in self.turns)


def put_together(rows: Iterable[Row]) -> list[Conversation]:
    """Return the conversations, first those that sent the most tokens again."""
    in_order = sorted(rows, key=lambda row: (row.time, row.turn))
    by_id = {row.turn_id: row for row in in_order}
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in in_order:
        grouped[row.conversation].append(row)
    found = [Conversation(name=name, turns=_turns(rows, by_id)) for name, rows in grouped.items()]
    return sorted(found, key=lambda conversation: (-conversation.resent, -conversation.input))


def _turns(rows: Iterable[Row], by_id: Mapping[tuple[str, int], Row]) -> tuple[ReportTurn, ...]:
    turns, ended = list[ReportTurn](), None
    for row in rows:
        gap = None if ended is None else max(0.0, row.time - ended)
        verdict = verdict_entry(row.verdict)
        turns.append(ReportTurn(row=row, verdict=verdict, resent=_resent(row, verdict, by_id), gap=gap))
        ended = max(ended or 0.0, row.time + row.duration)
    return tuple(turns)


def _resent(row: Row, verdict: VerdictEntry, by_id: Mapping[tuple[str, int], Row]) -> int:
    if not verdict.is_miss or row.input is None or row.cached is None:
        return 0
    predecessor = by_id.get((row.predecessor_run or row.run, row.predecessor)) if row.predecessor is not None else None
    known = predecessor.input if predecessor and predecessor.input is not None else row.reusable
    return max(0, min(known or 0, row.input) - row.cached)
