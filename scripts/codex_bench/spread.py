"""Medians and quartiles: what is left of many rounds on a machine that does other things too."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, and what half of them lie between."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


def spread(figures: Sequence[float]) -> Spread | None:
    """Returns the spread of figures, None where there are none."""
    if not figures:
        return None
    ordered = sorted(figures)
    return Spread(*(_quantile(ordered, share) for share in (0.5, 0.25, 0.75)))


def ratios(figures: Sequence[float], base: Sequence[float]) -> list[float]:
    """Returns each round's figure as a multiple of the base's in the same round."""
    return [one / other for one, other in zip(figures, base, strict=True) if other > 0]


def differences(figures: Sequence[float], base: Sequence[float]) -> list[float]:
    """Returns what each round's figure has more than the base's in the same round."""
    return [one - other for one, other in zip(figures, base, strict=True)]


def mean(figures: Sequence[float]) -> float:
    """Returns the mean of at least one figure."""
    return sum(figures) / len(figures)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Returns a quantile, between two figures in proportion."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
