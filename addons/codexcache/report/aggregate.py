"""One pass over any number of journals: what their turns come to, in memory that hardly grows with how many there are.

Turns are added up by kind (mode, verdict, blame and so on) and by conversation, and then forgotten. Sums do not depend
on the order: files need not be sorted, and several can be of the same time. The few turns that are drawn are read
again afterwards (`conversations`).
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache, reduce
from operator import itemgetter, or_
from typing import Any

from ..body.json_splice import Json, Object, as_count
from ..output.counter_names import CACHED, INPUT
from ..verdicts import VERDICT_TABLE
from .load import SAFE_NAMES, Batch, Kind, Row, entries, is_warm_up, read_details, read_row
from .totals import OTHER, PARTS, Cause, ConversationTotals, KindTotals, Mode, Totals

CUT, STRANGE, REPEATED = "cut off or not JSON", "no entry of a journal", "repeated"
REFUSED = "on a WebSocket that was refused, which is no turn"
"""Why a line is left out."""

MODES = {
    "observe": "as the client sends it",
    "fill": "with one stable identity",
    "pin": "held to the first key as well",
}

_MOST_MODES, _MOST_CAUSES = 12, 100

_EPOCH = datetime.fromtimestamp(0, UTC)
_UNUSUAL = 1 << 50
"""A number of tokens or turns that is not read on the quick way."""

type Source = Callable[[], Iterable[Batch]]
"""Where the lines of a journal come from; called again, it gives the same ones."""

_USUAL = itemgetter(
    *("time", "run", "turn", "conversation", "mode", "verdict", "changed", "resent_tokens", "predecessor")
)
"""What every entry has."""

_BLOCK = 128
type Blocks = dict[int, bytearray]
"""Turns of a start that were seen, marked in blocks by their numbers."""

type UsualKind = tuple[Any, Any, Any, bool, bool, bool]


class ReportData:
    """What was added up; how many lines were left out, by reason; and notes that the page has to show.

    `warm_ups` were sent ahead to fill the cache and are no turns. Lines of `estimated` turns do not say what was
    re-sent. `repaired` turns left with bytes of their predecessor; by what they read, that `saved` so many tokens.
    """

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.notes: list[str] = []
        self.conversations: dict[str, ConversationTotals] = {}
        self.warm_ups = self.estimated = self.repaired = self.saved = 0
        self._runs: dict[str, Blocks] = {}
        self._kinds: dict[Kind, KindTotals] = {}
        self._usual_kinds: dict[UsualKind, KindTotals] = {}
        self._modes: dict[str, Mode] = {}
        self._causes: dict[tuple[str, str], Cause] = {}
        self.sources: list[Source] = []

    @property
    def turns(self) -> int:
        """How many turns were added up."""
        return sum(kind.turns for kind in self._kinds.values())

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The times of the first turn and the last; there has to be one."""
        conversations = self.conversations.values()
        return min(each.start for each in conversations), max(each.end for each in conversations)

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
        seen = self._seen()
        return {name: self._totals_of(mode, _with_bit(seen, mode.bit)) for name in names if (mode := self._modes[name])}

    def _totals_of(self, mode: Mode, conversations: int) -> Totals:
        return Totals((each for each in self._kinds.values() if each.mode is mode), [mode], conversations)

    def _seen(self) -> Counter[int]:
        """Return how many conversations have been counted for the same modes and causes."""
        return Counter(each.seen for each in self.conversations.values())

    @property
    def causes(self) -> list[Cause]:
        """The verdicts by the tokens that were re-sent because of them, then misses first, then by their turns."""
        seen = self._seen()
        for cause in self._causes.values():
            cause.conversations = _with_bit(seen, cause.bit)
        return sorted(
            self._causes.values(),
            key=lambda each: (-each.resent, not each.verdict.is_miss, -each.turns, each.verdict.name),
        )

    def heaviest(self, most: int) -> list[ConversationTotals]:
        """Return the conversations that re-sent the most tokens, then the largest."""
        return heapq.nsmallest(most, self.conversations.values(), key=lambda each: (-each.resent, -each.input))

    def batches(self) -> Iterator[Batch]:
        """Yield all lines once more. Raises OSError."""
        return (batch for source in self.sources for batch in source())

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Add the turns of some lines, which are kept."""
        kept = b"\n".join(line.rstrip(b"\n") for line in lines)
        self.add_source(lambda: [kept])

    def add_source(self, source: Source) -> None:
        """Add the turns of a journal. Raises OSError."""
        for batch in source():
            self.add_entries(entries(batch))
        self.sources.append(source)

    def merge(self, part: "ReportData") -> bool:
        """Add what was added up of other lines, or return False where a turn is in both."""
        if any(_overlap(self._runs.get(run, {}), blocks) for run, blocks in part._runs.items()):
            return False
        self.sources += part.sources
        self.skipped += part.skipped
        self.warm_ups += part.warm_ups
        self.estimated += part.estimated
        self.repaired += part.repaired
        self.saved += part.saved
        for run, blocks in part._runs.items():
            _join(self._runs.setdefault(run, {}), blocks)
        bits = list(self._merge_kinds(part))
        own_bits = cache(lambda seen: reduce(or_, (own for bit, own in bits if seen & bit), 0))
        for conversation in part.conversations.values():
            conversation.seen = own_bits(conversation.seen)
            self._merge_conversation(conversation)
        return True

    def _merge_kinds(self, part: "ReportData") -> Iterator[tuple[int, int]]:
        """Add the kinds of another part, and yield the bits of its modes and causes with those that they have here."""
        modes, causes = dict[Mode, Mode](), dict[Cause, Cause]()
        for other in part._kinds.values():
            kind = self._kind(other.mode.name, other.cause.verdict.name, *other.kind[2:])
            kind.add(other)
            modes[other.mode], causes[other.cause] = kind.mode, kind.cause
        for other_mode, mode in modes.items():
            mode.add(other_mode)
            yield other_mode.bit, mode.bit
        for other_cause, cause in causes.items():
            cause.add(other_cause)
            yield other_cause.bit, cause.bit

    def _merge_conversation(self, part: ConversationTotals) -> None:
        if (known := self.conversations.get(part.name)) is None:
            self.conversations[part.name] = part
        else:
            known.add(part)

    def add_entries(self, entries: Iterable[Any]) -> None:
        """Add the turns of entries; bytes stand for a line that is not JSON.

        An entry as the addon writes it is read here, in a fifth of the time that `read_row` takes. All others are left
        to that: odd ones, and those that begin a conversation or are the first of their kind. It is one long loop,
        because a call would cost as much as what it does.
        """
        kinds, runs, conversations = self._usual_kinds, self._runs, self.conversations
        parse_time, usual = datetime.fromisoformat, _USUAL
        for entry in entries:
            try:
                text, run, turn, name, mode, verdict, changed, resent, predecessor = usual(entry)
                get = entry.get
                special = get("warm_up") is True or get("endpoint") == "handshake"
                is_altered = type(changed) is list and changed != []
                kind = kinds[mode, verdict, get("blame"), special, type(predecessor) is int, is_altered]
                given, cached = get(INPUT), get(CACHED)
                if given is None or cached is None:
                    given = cached = resent = 0
                time, blocks, conversation = parse_time(text), runs[run], conversations[name]
                is_usual = (
                    type(turn) is type(given) is type(cached) is type(resent) is int
                    and 0 <= resent <= given - cached <= given < _UNUSUAL
                    and 0 <= turn < _UNUSUAL
                    and time >= _EPOCH
                    and (not resent or kind.is_miss)
                )
            except (AttributeError, KeyError, TypeError, ValueError):
                is_usual = False
            if not is_usual:
                self._add_unusual(entry)
                continue
            if (block := blocks.get(turn // _BLOCK)) is None:
                block = blocks[turn // _BLOCK] = bytearray(_BLOCK)
            if block[turn % _BLOCK]:
                self.skipped[REPEATED] += 1
                continue
            block[turn % _BLOCK] = 1
            kind.turns += 1
            conversation.turns += 1
            conversation.seen |= kind.mode.bit
            if time > conversation.end:
                conversation.end = time
            elif time < conversation.start:
                conversation.start = time
            if given:
                kind.counted += 1
                kind.input += given
                kind.cached += cached
                conversation.input += given
                conversation.cached += cached
                kind.mode.shares[PARTS * cached // given] += 1
            if resent:
                self._count_resent(kind, conversation, resent, SAFE_NAMES[get("client")], entry)
            if get("repaired"):
                self._count_repaired(get("saved_tokens"), cached)
            if words := get("first_words_length"):
                conversation.note_first_words(as_count(words) or 0, time)

    def _add_unusual(self, entry: Json | bytes) -> None:
        """Add the turn of an entry that begins a conversation, is older, or odd; or count why there is none."""
        if isinstance(entry, bytes):
            self.skipped[CUT] += 1
        elif isinstance(entry, dict) and is_warm_up(entry):
            self.warm_ups += 1
        elif isinstance(entry, dict) and entry.get("endpoint") == "handshake":
            self.skipped[REFUSED] += 1
        elif (row := read_row(entry)) is None:
            self.skipped[STRANGE] += 1
        elif self._is_new(self._runs.setdefault(row.run, {}), row.turn):
            kind = self._count_row(row, entry)
            if isinstance(entry, dict):
                words, at = as_count(entry.get("first_words_length")) or 0, datetime.fromtimestamp(row.time, UTC)
                self.conversations[row.conversation].note_first_words(words, at)
            if isinstance(entry, dict) and entry.get("repaired"):
                self._count_repaired(entry.get("saved_tokens"), row.cached or 0)
            if isinstance(entry, dict) and _is_as_told(row, kind, entry):
                self._usual_kinds[_usual_kind(entry.get)] = kind

    def _is_new(self, blocks: Blocks, turn: int) -> bool:
        """Return True for a turn that was not seen before."""
        if (block := blocks.get(turn // _BLOCK)) is None:
            block = blocks[turn // _BLOCK] = bytearray(_BLOCK)
        if block[turn % _BLOCK]:
            self.skipped[REPEATED] += 1
            return False
        block[turn % _BLOCK] = 1
        return True

    def _count_row(self, row: Row, entry: Json) -> KindTotals:
        """Count a turn, and return its kind."""
        time, kind = datetime.fromtimestamp(row.time, UTC), self._kind(*row.kind)
        if (conversation := self.conversations.get(row.conversation)) is None:
            conversation = self.conversations[row.conversation] = ConversationTotals(row, time)
        given = 0 if row.cached is None else row.input or 0
        self._count(kind, conversation, time, given, row.cached or 0)
        if row.resent:
            self.estimated += row.is_estimate
            self._count_resent(kind, conversation, row.resent, row.client, entry)
        return kind

    def _count(
        self, kind: KindTotals, conversation: ConversationTotals, time: datetime, given: int, cached: int
    ) -> None:
        kind.turns += 1
        conversation.turns += 1
        if time > conversation.end:
            conversation.end = time
        elif time < conversation.start:
            conversation.start = time
        conversation.seen |= kind.mode.bit
        if given:
            kind.counted += 1
            kind.input += given
            kind.cached += cached
            conversation.input += given
            conversation.cached += cached
            kind.mode.shares[PARTS * cached // given] += 1

    def _count_resent(
        self, kind: KindTotals, conversation: ConversationTotals, resent: int, client: str, entry: Json
    ) -> None:
        kind.resent += resent
        if resent > kind.cause.worst[0] and isinstance(entry, dict):
            kind.cause.worst = resent, read_details(entry).because
        kind.cause.add_client(client or "unknown client", resent)
        conversation.add_resent(resent, kind.cause.blame)
        conversation.seen |= kind.cause.bit

    def _count_repaired(self, saved: Json, cached: int) -> None:
        """Count a turn that was repaired; what that saved is part of what the turn read."""
        self.repaired += 1
        self.saved += min(as_count(saved) or 0, cached)

    def _kind(self, mode_name: str, verdict: str, blame: str, warm: bool, altered: bool) -> KindTotals:
        """Return what the turns of a kind come to; names beyond the first so many are others."""
        mode = self._mode(mode_name if mode_name in MODES or len(self._modes) < _MOST_MODES else OTHER)
        is_known = verdict in VERDICT_TABLE or len(self._causes) < _MOST_CAUSES
        cause = self._cause(verdict if is_known else OTHER, blame)
        kind = (mode.name, cause.verdict.name, blame, warm, altered)
        if kind not in self._kinds:
            self._kinds[kind] = KindTotals(kind, mode, cause)
        return self._kinds[kind]

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


def _overlap(blocks: Blocks, others: Blocks) -> bool:
    """Return True if a turn is marked in both."""
    both = blocks.keys() & others.keys()
    return any(first and second for each in both for first, second in zip(blocks[each], others[each], strict=True))


def _join(blocks: Blocks, others: Blocks) -> None:
    for number, block in others.items():
        known = blocks.get(number, bytes(_BLOCK))
        blocks[number] = bytearray(map(or_, known, block))


def _with_bit(seen: Counter[int], bit: int) -> int:
    return sum(count for bits, count in seen.items() if bits & bit)


def _usual_kind(get: Callable[[str], Any]) -> UsualKind:
    """Return what tells the kind of a turn, in an entry as the addon writes it."""
    changed = get("changed")
    return (
        get("mode"),
        get("verdict"),
        get("blame"),
        get("warm_up") is True or get("endpoint") == "handshake",
        type(get("predecessor")) is int,
        type(changed) is list and changed != [],
    )


def _is_as_told(row: Row, kind: KindTotals, entry: Object) -> bool:
    """Return True if an entry tells its kind in the words of its row, as all of its kind will then do."""
    names = kind.mode.name, kind.cause.verdict.name
    is_told = (entry.get("mode"), entry.get("verdict")) == names and entry.get("blame") in (None, row.blame)
    return is_told and (kind.is_miss or not row.blame)
