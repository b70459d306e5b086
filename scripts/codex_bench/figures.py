"""What was measured, and what is made of it: ratios to the bare proxy of the same round, their spread, and the aims."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codex_bench.plan import BARE, NAIVE, OURS, Scenario, spelled

PARTS = ("cold", "warm", "frame")

_LIMITS = {(40_000, BARE): 1.08, (40_000, NAIVE): 1.03, (1_000_000, BARE): 1.15, (1_000_000, NAIVE): 1.00}
"""Aims: by size and by arm compared with, the ratio of the CPU that a warm turn with 100 events takes."""


@dataclass(slots=True, kw_only=True)
class Figures:
    """One figure a round, in seconds: CPU a cold turn, a warm turn, a frame; the waits; and the peak in bytes."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    frame: list[float] = field(default_factory=list)
    first_byte: list[float] = field(default_factory=list)
    event: list[float] = field(default_factory=list)
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, and what half of them lie between."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An arm's figures in one scenario. `cpu` and `ratio` are by part; what does not apply is None."""

    cpu: dict[str, Spread]
    ratio: dict[str, Spread]
    to_naive: Spread | None
    first_byte: Spread | None
    event: Spread | None
    memory: int


type Measured = Mapping[Scenario, Mapping[str, Figures]]
type Results = Mapping[Scenario, Mapping[str, Summary]]


def summarize(all_figures: Mapping[str, Figures]) -> dict[str, Summary]:
    """Return the summary of each arm."""
    return {
        name: Summary(
            cpu={part: found for part in PARTS if (found := spread(getattr(own, part)))},
            ratio=_ratios(own, all_figures[BARE]),
            to_naive=_ratios(own, all_figures[NAIVE]).get("warm") if NAIVE in all_figures else None,
            first_byte=spread(own.first_byte),
            event=spread(own.event),
            memory=own.memory,
        )
        for name, own in all_figures.items()
    }


def _ratios(own: Figures, base: Figures) -> dict[str, Spread]:
    found = {part: spread(ratios(getattr(own, part), getattr(base, part))) for part in PARTS if getattr(own, part)}
    return {part: one for part, one in found.items() if one}


def spread(figures: Sequence[float]) -> Spread | None:
    """Return the median and the quartiles of figures, None where there are none."""
    if not figures:
        return None
    several = figures if len(figures) > 1 else [*figures, *figures]
    low, median, high = statistics.quantiles(several, n=4, method="inclusive")
    return Spread(median, low, high)


def ratios(figures: Sequence[float], base: Sequence[float]) -> list[float]:
    """Return each round's figure as a multiple of the base's in the same round."""
    return [one / other for one, other in zip(figures, base, strict=True) if other > 0]


@dataclass(frozen=True, slots=True)
class Aim:
    """What was aimed at and what was measured: the addon's ratio to another arm, at a size, and its limit.

    `met` says whether the median is within the limit.
    """

    name: str
    limit: float
    ratio: Spread
    met: bool


def reached(results: Results) -> list[Aim]:
    """Return each aim that was measured."""
    found = {one.size: arms[OURS] for one, arms in results.items() if one.kind == "turns" and OURS in arms}
    aims = []
    for (size, to), limit in _LIMITS.items():
        if (summary := found.get(size)) and (ratio := summary.to_naive if to == NAIVE else summary.ratio.get("warm")):
            aims.append(Aim(f"{spelled(size)}, to {to}", limit, ratio, ratio.median <= limit))
    return aims
