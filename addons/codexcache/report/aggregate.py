"""One pass over any number of journals: what their turns come to, in memory that hardly grows with how many there are.

Turns are added up by kind (mode, verdict, blame and so on) and by conversation, and then forgotten. Sums do not depend
on the order: files need not be sorted, and several can be of the same time. The few turns that are drawn are read
again afterwards (`conversations`).
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from ..body.json_splice import Json
from ..verdicts import VERDICT_TABLE
from .load import Kind, Row, entries, is_warm_up, read_row
from .totals import PARTS, Cause, ConversationTotals, KindTotals, Mode, Totals

CUT, STRANGE, REPEATED = "cut off or not JSON", "no entry of a journal", "repeated"
REFUSED = "on a WebSocket that was refused, which is no turn"
"""Why a line is left out."""

MODES = {
    "observe": "as the client sends it",
    "fill": "with one stable identity",
    "pin": "held to the first key as well",
}

OTHER = "(others)"
"""What stands for all names beyond the first so many, since a journal can say anything."""

_MOST_MODES, _MOST_CAUSES, _MOST_CLIENTS = 12, 100, 200

type Source = Callable[[], Iterable[bytes]]
"""Where the lines of a journal come from; called again, it gives them again."""


class ReportData:
    """What was added up; how many lines were left out, by reason; and notes that the page has to show.

    `warm_ups` were sent ahead to fill the cache and are no turns. Lines of `estimated` turns do not say what was
    re-sent. `start` and `end` are the times of the first turn and the last.
    """

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.notes: list[str] = []
        self.conversations: dict[str, ConversationTotals] = {}
        self.turns = self.warm_ups = self.estimated = 0
        self.start, self.end = float("inf"), 0.0
        self._runs: dict[str, dict[int, bytearray]] = {}
        self._kinds: dict[Kind, KindTotals] = {}
        self._modes: dict[str, Mode] = {}
        self._causes: dict[tuple[str, str], Cause] = {}
        self._sources: list[tuple[Source, int]] = []

    @property
    def runs(self) -> int:
        """How many starts of the proxy there are."""
        return len(self._runs)

    @property
    def totals(self) -> Totals:
        """What all turns come to."""
        return Totals(self._kinds.values(), [*self._modes.values()], len(self.conversations))

    @property
    def modes(self) -> dict[str, Totals]:
        """What the turns of each mode come to, in the order of how much the modes do."""
        names = (*(name for name in MODES if name in self._modes), *sorted(self._modes.keys() - MODES.keys()))
        return {name: self._totals_of(self._modes[name]) for name in names}

    def _totals_of(self, mode: Mode) -> Totals:
        return Totals((each for each in self._kinds.values() if each.mode is mode), [mode], mode.conversations)

    @property
    def causes(self) -> list[Cause]:
        """The verdicts by the tokens that were re-sent because of them, then misses first, then by their turns."""
        return sorted(
            self._causes.values(),
            key=lambda each: (-each.resent, not each.verdict.is_miss, -each.turns, each.verdict.name),
        )

    def heaviest(self, most: int) -> list[ConversationTotals]:
        """Return the conversations that re-sent the most tokens, then the largest."""
        return heapq.nsmallest(most, self.conversations.values(), key=lambda each: (-each.resent, -each.input))

    def lines(self) -> Iterator[bytes]:
        """Yield all lines once more, but none that were written meanwhile."""
        for source, count in self._sources:
            yield from islice(source(), count)

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Add the turns of some lines, which are kept."""
        kept = list(lines)
        self.add_source(lambda: kept)

    def add_source(self, source: Source) -> None:
        """Add the turns of a journal. Raises OSError."""
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for line in source():
                count += 1
                yield line

        for entry in entries(lines()):
            self.add(entry)
        self._sources.append((source, count))

    def add(self, entry: Json | bytes) -> None:
        """Add the turn of an entry, or count why there is none; bytes are a line that is not JSON."""
        if isinstance(entry, bytes):
            self.skipped[CUT] += 1
        elif isinstance(entry, dict) and is_warm_up(entry):
            self.warm_ups += 1
        elif isinstance(entry, dict) and entry.get("endpoint") == "handshake":
            self.skipped[REFUSED] += 1
        elif (row := read_row(entry)) is None:
            self.skipped[STRANGE] += 1
        elif self._is_new(row.run, row.turn):
            self._count(row)
        else:
            self.skipped[REPEATED] += 1

    def _is_new(self, run: str, turn: int) -> bool:
        """Return True for a turn that was not seen before; they are marked in blocks of 128."""
        if (blocks := self._runs.get(run)) is None:
            blocks = self._runs[run] = {}
        if (block := blocks.get(turn >> 7)) is None:
            block = blocks[turn >> 7] = bytearray(128)
        is_new = not block[turn & 127]
        block[turn & 127] = 1
        return is_new

    def _count(self, row: Row) -> None:
        time, kind = row.time, self._kinds.get(row.kind) or self._kind(row)
        if (conversation := self.conversations.get(row.conversation)) is None:
            conversation = self.conversations[row.conversation] = ConversationTotals(row)
        self.turns += 1
        kind.turns += 1
        kind.cause.turns += 1
        conversation.turns += 1
        if not self.start <= time <= self.end:
            self.start, self.end = min(self.start, time), max(self.end, time)
        if not conversation.start <= time <= conversation.end:
            conversation.start, conversation.end = min(conversation.start, time), max(conversation.end, time)
        if not conversation.seen & kind.mode.bit:
            conversation.seen |= kind.mode.bit
            kind.mode.conversations += 1
        if row.input and row.cached is not None:
            self._count_tokens(row, kind, conversation)

    def _count_tokens(self, row: Row, kind: KindTotals, conversation: ConversationTotals) -> None:
        assert row.input is not None
        assert row.cached is not None
        kind.counted += 1
        for amounts in (kind, conversation):
            amounts.input += row.input
            amounts.cached += row.cached
        kind.mode.shares[PARTS * row.cached // row.input] += 1
        if row.resent:
            self._count_resent(row, kind, conversation)

    def _count_resent(self, row: Row, kind: KindTotals, conversation: ConversationTotals) -> None:
        cause, client = kind.cause, row.client or "unknown client"
        self.estimated += row.is_estimate
        kind.resent += row.resent
        cause.resent += row.resent
        conversation.add_resent(row.resent, row.blame)
        cause.clients[client if client in cause.clients or len(cause.clients) < _MOST_CLIENTS else OTHER] += row.resent
        if not conversation.seen & cause.bit:
            conversation.seen |= cause.bit
            cause.conversations += 1

    def _kind(self, row: Row) -> KindTotals:
        """Return the kind of a turn that is the first of its kind, or has a name beyond the first so many."""
        mode = self._mode(row.mode if row.mode in MODES or len(self._modes) < _MOST_MODES else OTHER)
        is_known = row.verdict in VERDICT_TABLE or len(self._causes) < _MOST_CAUSES
        cause = self._cause(row.verdict if is_known else OTHER, row.blame)
        kind = (mode.name, cause.verdict.name, row.blame, row.warm, row.altered)
        return self._kinds.setdefault(kind, KindTotals(kind, mode, cause))

    def _mode(self, name: str) -> Mode:
        if (mode := self._modes.get(name)) is None:
            mode = self._modes[name] = Mode(name, self._next_bit())
        return mode

    def _cause(self, verdict: str, blame: str) -> Cause:
        if (cause := self._causes.get((verdict, blame))) is None:
            cause = self._causes[verdict, blame] = Cause(verdict, blame, self._next_bit())
        return cause

    def _next_bit(self) -> int:
        """Return the bit that tells whether a conversation was counted for one more mode or cause."""
        return 1 << (len(self._modes) + len(self._causes))
