"""The conversations that are drawn: those that re-sent the most, with their turns, which are read again for it.

A conversation is identified by its pseudonym, also over restarts of the proxy. Its turns are put into the order of time
here, whatever order they have in their files.
"""

import heapq
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from ..verdicts import VerdictEntry, verdict_entry
from .aggregate import ReportData
from .load import Batch, Details, Row, entries, is_warm_up, read_details, read_row
from .totals import ConversationTotals

_CONVERSATIONS = re.compile(rb'"conversation"\s*:\s*(?:"([!#-\[\]-~]{1,80})")?').findall
"""The conversations that a line names, so that most lines need not be parsed again; "" for a name that is no such text.

A line that was cut and written on can name two, of which the last one counts.
"""


_MARK = b'"conversation":"'
"""How the addon writes it."""


class ReportTurn(NamedTuple):
    """A turn in its conversation. `gap` is the seconds since all turns before it had ended, None for the first."""

    row: Row
    details: Details
    gap: float | None

    @property
    def verdict(self) -> VerdictEntry:
        """What the table of verdicts says of its verdict."""
        return verdict_entry(self.row.verdict)

    @property
    def fresh(self) -> int:
        """Input tokens that were neither read from the cache nor sent before."""
        return max(0, (self.row.input or 0) - (self.row.cached or 0) - self.row.resent)

    @property
    def is_counted(self) -> bool:
        """True if the backend reported both the input and how much of it was cached."""
        return self.row.input is not None and self.row.cached is not None


class Conversation(NamedTuple):
    """A conversation and its last turns, as many as are drawn, in the order of time."""

    totals: ConversationTotals
    turns: Sequence[ReportTurn]

    @property
    def left_out(self) -> int:
        """The number of its first turns, which are not drawn."""
        return self.totals.turns - len(self.turns)

    @property
    def worst(self) -> ReportTurn:
        """The drawn turn that re-sent the most, else the last."""
        return max(reversed(self.turns), key=lambda turn: turn.row.resent)


class LatestTurns:
    """The latest turns of a conversation, at most `most`; and when the ones before them had all ended."""

    def __init__(self, most: int) -> None:
        self._most, self._ended = most, float("-inf")
        self._turns: list[tuple[float, int, str, Row, Details]] = []
        self._ids: set[tuple[str, int]] = set()

    def add(self, row: Row, details: Details) -> None:
        """Add a turn, in any order; one that was added before is not added again."""
        if row.turn_id in self._ids:
            return
        self._ids.add(row.turn_id)
        turn = (row.time, row.turn, row.run, row, details)
        if len(self._turns) < self._most:
            heapq.heappush(self._turns, turn)
            return
        *_, earliest, its_details = heapq.heappushpop(self._turns, turn)
        self._ids.remove(earliest.turn_id)
        self._ended = max(self._ended, earliest.time + its_details.duration)

    def in_order(self) -> Iterator[ReportTurn]:
        """Yield the turns in the order of time."""
        ended = self._ended
        for *_, row, details in sorted(self._turns):
            yield ReportTurn(row, details, max(0.0, row.time - ended) if ended >= 0 else None)
            ended = max(ended, row.time + details.duration)


def put_together(report_data: ReportData, most: int, turns: int) -> list[Conversation]:
    """Return the conversations that re-sent the most, the first of them with their turns, of all so many at most."""
    heaviest = report_data.heaviest(most)
    drawn = dict(_drawn(heaviest, turns))
    if drawn:
        _collect(report_data.batches(), drawn)
    return [Conversation(each, tuple(drawn[each.name].in_order()) if each.name in drawn else ()) for each in heaviest]


def _drawn(heaviest: Iterable[ConversationTotals], turns: int) -> Iterator[tuple[str, LatestTurns]]:
    for conversation in heaviest:
        if turns <= 0:
            return
        yield conversation.name, LatestTurns(min(turns, conversation.turns))
        turns -= conversation.turns


def _collect(batches: Iterable[Batch], drawn: Mapping[str, LatestTurns]) -> None:
    """Add the turns of the conversations that are drawn."""
    names = {name.encode() for name in drawn}
    for entry in chain.from_iterable(entries(_that_may_name(names, batch)) for batch in batches):
        if isinstance(entry, dict) and not is_warm_up(entry) and (row := read_row(entry)) and row.conversation in drawn:
            drawn[row.conversation].add(row, read_details(entry))


def _that_may_name(names: set[bytes], batch: Batch) -> Batch:
    """Return the lines that name one of the conversations, or of which that cannot be told without parsing them."""
    if (found := _usual_lines(names, batch)) is not None:
        return b"\n".join(found)
    named = ((line, _CONVERSATIONS(line)) for line in batch.split(b"\n"))
    return b"\n".join(line for line, found in named if len(found) != 1 or not found[0] or found[0] in names)


def _usual_lines(names: set[bytes], batch: Batch) -> list[bytes] | None:
    """Return the lines that may name one of the conversations, None unless each line names one as the addon does.

    Only the first characters of a name are compared: what is found is parsed anyhow. Any other line costs two searches.
    """
    length = min(map(len, names))
    starts, found = {name[:length] for name in names}, list[bytes]()
    lines, last = 0, -1
    while (at := batch.find(_MARK, last + 1)) >= 0:
        if lines and batch.find(b"\n", last, at) < 0:
            return None
        last, lines = at, lines + 1
        if batch[at + len(_MARK) : at + len(_MARK) + length] in starts:
            end = batch.find(b"\n", at)
            found.append(batch[batch.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(batch)])
    return found if lines == batch.count(b"\n") + 1 else None
