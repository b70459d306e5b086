"""What turns come to: counters that are added to turn by turn, and the shares and the median that follow from them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from ..verdicts import VerdictEntry, verdict_entry
from .load import AVOIDABLE, EXPECTED, Kind, Row

FEW_TURNS, FEW_CONVERSATIONS = 30, 3
"""Below these, a comparison says more about the conversations than about the mode."""

OTHER = "(others)"
"""What stands for all names beyond the first so many, since a journal can say anything."""

_MOST_CLIENTS = 200

PARTS = 10_000
"""Parts of a whole in which the cached share of a turn is counted, for the median."""


class Amounts:
    """Input tokens of turns that reported counters: all of them, those that were read, and those that were re-sent.

    Those that were re-sent are `avoidable`, `expected` or `outside`.
    """

    __slots__ = ("avoidable", "cached", "expected", "input", "resent")

    def __init__(self) -> None:
        self.input = self.cached = self.resent = self.avoidable = self.expected = 0

    @property
    def outside(self) -> int:
        """Tokens that were re-sent because of what neither the client nor its user decides."""
        return self.resent - self.avoidable - self.expected

    @property
    def fresh(self) -> int:
        """Input tokens that were neither read nor sent before."""
        return max(0, self.input - self.cached - self.resent)

    @property
    def share(self) -> float | None:
        """The share of the input that was read, None where no turn reported any."""
        return self.cached / self.input if self.input else None

    @property
    def resent_share(self) -> float | None:
        """The share of the input that was re-sent."""
        return self.resent / self.input if self.input else None

    def add_resent(self, tokens: int, blame: str) -> None:
        """Add tokens that were re-sent."""
        self.resent += tokens
        if blame == AVOIDABLE:
            self.avoidable += tokens
        elif blame == EXPECTED:
            self.expected += tokens


class ConversationTotals(Amounts):
    """What one conversation comes to. `start` and `end` are the times of its first turn and its last.

    `seen` has the bits of the modes and causes that it was counted for. `first_words` are the characters of the user's
    first words, 0 where no turn says so; of several that do, the latest counts.
    """

    __slots__ = ("_words_at", "client", "end", "first_words", "model", "name", "seen", "start", "turns")

    def __init__(self, row: Row, time: datetime) -> None:
        super().__init__()
        self.name, self.client, self.model = row.conversation, row.client, row.model
        self.start = self.end = self._words_at = time
        self.turns = self.seen = self.first_words = 0

    def note_first_words(self, length: int, at: datetime) -> None:
        """Take in what a turn says of the first words."""
        if length and (not self.first_words or at >= self._words_at):
            self.first_words, self._words_at = length, at

    def add(self, other: "ConversationTotals") -> None:
        """Add other turns of the same conversation."""
        self.input += other.input
        self.cached += other.cached
        self.resent += other.resent
        self.avoidable += other.avoidable
        self.expected += other.expected
        self.turns += other.turns
        self.seen |= other.seen
        self.note_first_words(other.first_words, other._words_at)
        self.start, self.end = min(self.start, other.start), max(self.end, other.end)


class Mode:
    """How many turns of a mode have each cached share, in parts of a whole."""

    __slots__ = ("bit", "name", "shares")

    def __init__(self, name: str, bit: int) -> None:
        self.name, self.bit = name, bit
        self.shares = [0] * (PARTS + 1)

    def add(self, other: "Mode") -> None:
        """Add other turns of the same mode."""
        self.shares = [one + more for one, more in zip(self.shares, other.shares, strict=True)]


class Cause:
    """A verdict with its blame: how many turns had it, and what was re-sent because of it, in how many conversations.

    `clients` are those that re-sent, with their tokens; `worst` is what the turn that re-sent the most says, after how
    many that were.
    """

    __slots__ = ("bit", "blame", "clients", "conversations", "kinds", "verdict", "worst")

    def __init__(self, verdict: str, blame: str, bit: int) -> None:
        self.verdict: VerdictEntry = verdict_entry(verdict)
        self.blame, self.bit, self.conversations = blame, bit, 0
        self.clients = Counter[str]()
        self.kinds: list[KindTotals] = []
        self.worst = 0, ""

    def add_client(self, client: str, resent: int) -> None:
        """Add the tokens that a client re-sent."""
        is_shown = client in self.clients or len(self.clients) < _MOST_CLIENTS
        self.clients[client if is_shown else OTHER] += resent

    def add(self, other: "Cause") -> None:
        """Add the clients of other turns with the same cause; the turns are added to their kinds."""
        self.worst = max(self.worst, other.worst, key=itemgetter(0))  # of equals the first, as the turns came
        for client, resent in other.clients.items():
            self.add_client(client, resent)

    @property
    def turns(self) -> int:
        """How many turns had it."""
        return sum(kind.turns for kind in self.kinds)

    @property
    def resent(self) -> int:
        """Tokens that were re-sent because of it."""
        return sum(kind.resent for kind in self.kinds)


class KindTotals:
    """What the turns of one kind come to; `counted` are those that reported how much of an input was cached."""

    __slots__ = ("cached", "cause", "counted", "input", "is_miss", "kind", "mode", "resent", "turns")

    def __init__(self, kind: Kind, mode: Mode, cause: Cause) -> None:
        self.kind, self.mode, self.cause, self.is_miss = kind, mode, cause, cause.verdict.is_miss
        self.turns = self.counted = self.input = self.cached = self.resent = 0
        cause.kinds.append(self)

    def add(self, other: "KindTotals") -> None:
        """Add other turns of the same kind."""
        self.turns += other.turns
        self.counted += other.counted
        self.input += other.input
        self.cached += other.cached
        self.resent += other.resent


class Totals(Amounts):
    """What all turns come to, or those of one mode. A turn is warm if an earlier one of its conversation is known."""

    __slots__ = ("altered", "conversations", "counted", "median", "misses", "turns", "warm", "warm_share")

    def __init__(self, kinds: Iterable[KindTotals], modes: Sequence[Mode], conversations: int) -> None:
        super().__init__()
        self.turns = self.counted = self.misses = self.altered = self.warm = warm_input = warm_cached = 0
        for each in kinds:
            _, _, blame, is_warm, is_altered = each.kind
            self.input += each.input
            self.cached += each.cached
            self.add_resent(each.resent, blame)
            self.turns += each.turns
            self.counted += each.counted
            self.misses += each.turns * each.is_miss
            self.altered += each.turns * is_altered
            self.warm += each.counted * is_warm
            warm_input += each.input * is_warm
            warm_cached += each.cached * is_warm
        self.conversations = conversations
        self.warm_share = warm_cached / warm_input if warm_input else None
        self.median = median([sum(counts) for counts in zip(*(mode.shares for mode in modes), strict=True)])

    @property
    def is_few(self) -> bool:
        """True if there is too little to compare."""
        return self.warm < FEW_TURNS or self.conversations < FEW_CONVERSATIONS


def median(counts: Sequence[int]) -> float | None:
    """Return the median share, given how many turns have each number of parts; None where there are no turns."""
    turns, before = sum(counts), 0
    middle: list[int] = []
    for parts, count in enumerate(counts):
        before += count
        middle += [parts] * sum(place < before for place in ((turns - 1) // 2, turns // 2)[len(middle) :])
        if len(middle) == 2 and turns:
            return sum(middle) / 2 / PARTS
    return None
