"""What many turns come to: how many, how much was read from the cache, and what was paid for again, by cause."""

from collections import Counter
from statistics import median

from ..causes.finding import Finding
from ..phrases import counted
from .layout import columns

_NAMES = ("verdict", "turns", "sent again")


class Summary:
    """Sums up findings as they come; it keeps counters, not the findings, so it is as small after a million turns.

    Shares are counted by the hundredth of a percent. Turns too small to be cached are no part of the median.
    """

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._resent: Counter[str] = Counter()
        self._shares: Counter[float] = Counter()
        self._conversations = self._input = self._cached = 0

    def add(self, finding: Finding) -> None:
        """Take in one turn."""
        self._verdicts[finding.verdict.name] += 1
        self._conversations += finding.record.conversation == finding.record.number  # the first turn names it
        if finding.verdict.resent:
            self._resent[finding.verdict.name] += finding.verdict.resent
        if (usage := finding.record.usage) and (share := finding.cached_share) is not None:
            self._input, self._cached = self._input + usage.input, self._cached + (usage.cached or 0)
            if finding.verdict.name != "below_minimum":
                self._shares[round(share, 4)] += 1

    @property
    def turns(self) -> int:
        """How many turns were taken in."""
        return sum(self._verdicts.values())

    def lines(self) -> list[str]:
        """Return the summary, a few aligned lines."""
        turns = sum(self._verdicts.values())
        return [
            f"{counted(turns, 'turn')} in {counted(self._conversations, 'conversation')}",
            *self._rates(),
            *self._causes(),
        ]

    def _rates(self) -> list[str]:
        if not self._input:
            return ["no turn reported its usage"]
        middle = f" (median turn {median(self._shares.elements()):.1%})" if self._shares else ""
        return [
            f"{self._cached / self._input:.1%} of {self._input:,} input tokens were read from the prompt cache{middle}"
        ]

    def _causes(self) -> list[str]:
        """Return verdicts by the tokens that were sent again because of them, then the others by number."""
        ranked = sorted(self._verdicts, key=lambda name: (-self._resent[name], -self._verdicts[name]))
        rows = [(_shown(name), f"{self._verdicts[name]:,}", self._tokens(name)) for name in ranked]
        return columns([_NAMES, *rows], names=1) if rows else []

    def _tokens(self, name: str) -> str:
        return f"{self._resent[name]:,}" if self._resent[name] else ""


def _shown(name: str) -> str:
    """Return what a verdict is called; a rebuild after compaction is no fault of anyone's."""
    return f"{name} (expected)" if name == "context_compacted" else name
