"""What many turns come to: totals, causes, and a comparison of modes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ..text import counted
from ..verdicts import EXPECTED, VerdictEntry, verdict_entry
from .conversations import Conversation, ReportTurn

FEW_TURNS, FEW_CONVERSATIONS = 30, 3
"""Below these, a comparison says more about the conversations than about the mode."""

MODES = {
    "observe": "as the client sends it",
    "fill": "with one stable identity",
    "pin": "held to the first key as well",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What turns come to. Shares are of the turns that reported token counts, None where none did."""

    turns: int
    conversations: int
    counted: int
    input: int
    cached: int
    resent: int
    expected: int
    misses: int
    altered: int
    share: float | None
    median: float | None
    warm: int
    warm_share: float | None

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


def total(conversations: Iterable[Conversation]) -> Totals:
    """Return what these conversations come to."""
    known = list(conversations)
    return _total([turn for conversation in known for turn in conversation.turns], len(known))


def _total(turns: Sequence[ReportTurn], conversations: int) -> Totals:
    reported = [turn for turn in turns if turn.is_counted and turn.row.input]
    warm = [turn for turn in reported if turn.row.predecessor is not None]
    return Totals(
        turns=len(turns),
        conversations=conversations,
        counted=len(reported),
        input=sum(turn.row.input or 0 for turn in reported),
        cached=sum(turn.row.cached or 0 for turn in reported),
        resent=sum(turn.resent for turn in turns),
        expected=sum(turn.resent for turn in turns if turn.verdict.group is EXPECTED),
        misses=sum(turn.verdict.is_miss for turn in turns),
        altered=sum(turn.row.altered for turn in turns),
        share=_share(reported),
        median=median((turn.row.cached or 0) / (turn.row.input or 1) for turn in reported) if reported else None,
        warm=len(warm),
        warm_share=_share(warm),
    )


def _share(turns: Sequence[ReportTurn]) -> float | None:
    """Return the cached share of the input tokens."""
    given = sum(turn.row.input or 0 for turn in turns)
    return sum(turn.row.cached or 0 for turn in turns) / given if given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Modes side by side, in the order of how much they do, and sentences on the difference."""

    modes: tuple[tuple[str, Totals], ...]
    sentences: tuple[str, ...]


_MODES = 12
"""Modes that are compared: there are three, but a journal can say anything."""


def compare(conversations: Sequence[Conversation]) -> Comparison | None:
    """Return the modes side by side, or None where there is only one."""
    ranks = {name: rank for rank, name in enumerate(MODES)}
    names = {turn.row.mode for conversation in conversations for turn in conversation.turns}
    in_order = sorted(names, key=lambda name: (ranks.get(name, len(ranks)), name))
    if len(in_order) < 2:
        return None
    modes = tuple((name, _total_of_mode(name, conversations)) for name in in_order[:_MODES])
    rest = [f"There are {len(in_order) - _MODES:,} more modes."] if len(in_order) > _MODES else []
    return Comparison(modes=modes, sentences=(*_differences(modes), *rest))


def _total_of_mode(mode: str, conversations: Iterable[Conversation]) -> Totals:
    chosen = [[turn for turn in conversation.turns if turn.row.mode == mode] for conversation in conversations]
    return _total([turn for turns in chosen for turn in turns], sum(map(bool, chosen)))


def _differences(modes: Sequence[tuple[str, Totals]]) -> Iterable[str]:
    """Yield a sentence for each mode after the first."""
    (base, base_totals), *others = modes
    for name, totals in others:
        yield _difference(base, base_totals, name, totals)


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
