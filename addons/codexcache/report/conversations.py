"""Rows put together into conversations, how many tokens each turn sent again, and what all of it comes to.

A conversation is identified by its pseudonym, also over restarts of the proxy. What was sent again is not in a journal;
for a miss it is what the smaller of the predecessor's and this turn's input holds beyond what was read. Where the
predecessor is not in the journal, what the journal calls reusable is taken for its input: less, and an estimate too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from ..text import counted
from ..verdicts import EXPECTED, VerdictEntry, verdict_entry
from .load import Row

FEW_TURNS, FEW_CONVERSATIONS = 30, 3
"""Below these, a comparison says more about the conversations than about the mode."""

MODES = {
    "observe": "as the client sends it",
    "fill": "with one stable identity",
    "pin": "held to the first key as well",
}

_MODES = 12
"""Modes that are compared: there are three, but a journal can say anything."""


class ReportTurn(NamedTuple):
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


class Conversation(NamedTuple):
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


class Totals:
    """What conversations come to. Shares are of the turns that reported token counts, None where none did."""

    def __init__(self, conversations: Iterable[Conversation]) -> None:
        known = list(conversations)
        turns = [turn for conversation in known for turn in conversation.turns]
        reported = [turn for turn in turns if turn.is_counted and turn.row.input]
        warm = [turn for turn in reported if turn.row.predecessor is not None]
        shares = [(turn.row.cached or 0) / (turn.row.input or 1) for turn in reported]
        self.turns, self.conversations, self.counted, self.warm = len(turns), len(known), len(reported), len(warm)
        self.input = sum(turn.row.input or 0 for turn in reported)
        self.cached = sum(turn.row.cached or 0 for turn in reported)
        self.resent = sum(turn.resent for turn in turns)
        self.expected = sum(turn.resent for turn in turns if turn.verdict.group is EXPECTED)
        self.misses = sum(turn.verdict.is_miss for turn in turns)
        self.altered = sum(turn.row.altered for turn in turns)
        self.share, self.warm_share = _share(reported), _share(warm)
        self.median = median(shares) if shares else None

    @property
    def fresh(self) -> int:
        """Input tokens that were neither read nor sent before."""
        return max(0, self.input - self.cached - self.resent)

    @property
    def resent_share(self) -> float | None:
        """The share of the input tokens that was sent again."""
        return self.resent / self.input if self.input else None

    @property
    def is_few(self) -> bool:
        """True if there is too little to compare."""
        return self.warm < FEW_TURNS or self.conversations < FEW_CONVERSATIONS


def _share(turns: Sequence[ReportTurn]) -> float | None:
    given = sum(turn.row.input or 0 for turn in turns)
    return sum(turn.row.cached or 0 for turn in turns) / given if given else None


class Cause(NamedTuple):
    """A verdict, how many turns had it, and the tokens that were sent again because of it."""

    verdict: VerdictEntry
    turns: int
    resent: int


def causes(conversations: Iterable[Conversation]) -> list[Cause]:
    """Return the verdicts by the tokens that were sent again because of them, then by the number of turns."""
    turns, resent = Counter[str](), Counter[str]()
    for turn in (turn for conversation in conversations for turn in conversation.turns):
        turns[turn.row.verdict] += 1
        resent[turn.row.verdict] += turn.resent
    found = [Cause(verdict=verdict_entry(name), turns=count, resent=resent[name]) for name, count in turns.items()]
    return sorted(found, key=lambda cause: (-cause.resent, not cause.verdict.is_miss, -cause.turns, cause.verdict.name))


class Comparison(NamedTuple):
    """Modes side by side, in the order of how much they do, and sentences on the difference."""

    modes: tuple[tuple[str, Totals], ...]
    sentences: tuple[str, ...]


def compare(conversations: Sequence[Conversation]) -> Comparison | None:
    """Return the modes side by side, or None where there is only one."""
    names = {turn.row.mode for conversation in conversations for turn in conversation.turns}
    in_order = [*(name for name in MODES if name in names), *sorted(names - MODES.keys())]
    if len(in_order) < 2:
        return None
    modes = tuple((name, _total_of_mode(name, conversations)) for name in in_order[:_MODES])
    differences = [_difference(*modes[0], *other) for other in modes[1:]]
    rest = [f"There are {len(in_order) - _MODES:,} more modes."] if len(in_order) > _MODES else []
    return Comparison(modes=modes, sentences=(*differences, *rest))


def _total_of_mode(mode: str, conversations: Iterable[Conversation]) -> Totals:
    chosen = (
        conversation._replace(turns=tuple(turn for turn in conversation.turns if turn.row.mode == mode))
        for conversation in conversations
    )
    return Totals(conversation for conversation in chosen if conversation.turns)


def _difference(base: str, base_totals: Totals, name: str, totals: Totals) -> str:
    if base_totals.warm_share is None or totals.warm_share is None:
        return f"{base} and {name} cannot be compared: one of them has no warm turn that reported token counts."
    points = (totals.warm_share - base_totals.warm_share) * 100
    read = (
        f"Warm turns read {totals.warm_share:.1%} of their input from the cache with {name} "
        f"({counted(totals.warm, 'turn')}) and {base_totals.warm_share:.1%} with {base} "
        f"({counted(base_totals.warm, 'turn')}): {abs(points):.1f} points {'more' if points >= 0 else 'less'}"
    )
    few = [mode for mode, each in ((base, base_totals), (name, totals)) if each.is_few]
    return f"{read}. From so few turns of {' and '.join(few)} that says little." if few else f"{read}."
