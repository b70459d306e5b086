"""What was measured, and what is made of it: ratios between arms of one interleaved run, and their spread."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from codex_bench.plan import BARE, NAIVE, OURS, Scenario


class Quantity(NamedTuple):
    """What the table calls a quantity, the unit it is shown in, and how many of these are a second or a byte."""

    title: str
    unit: str
    scale: float


QUANTITIES = {
    "cold": Quantity("CPU, first turn", "ms", 1e3),
    "warm": Quantity("CPU, later turn", "ms", 1e3),
    "cold_first_byte": Quantity("first byte, first turn", "ms", 1e3),
    "warm_first_byte": Quantity("first byte, later turn", "ms", 1e3),
    "event": Quantity("an event's delay", "us", 1e6),
    "frame": Quantity("CPU, a frame", "us", 1e6),
    "connected": Quantity("until the first connection", "ms", 1e3),
    "start": Quantity("CPU until then", "ms", 1e3),
    "memory": Quantity("peak memory", "MB", 1e-6),
}

type Figures = dict[str, list[float]]
"""An arm's figures by quantity, in seconds or bytes, one a round; peak memory has one for all rounds."""

type Measured = Mapping[Scenario, Mapping[str, Figures]]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio of two second-best figures, and what half of the rounds' own ratios lie between."""

    best: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.best:.3f} ({self.low:.2f} to {self.high:.2f})"


def second_best(figures: Sequence[float]) -> float:
    """Return the second smallest figure, or the only one.

    What else runs on a machine makes figures larger, never smaller; the smallest may be one that lacked something.
    """
    return sorted(figures)[:2][-1]


def compared(arms: Mapping[str, Figures], quantity: str) -> dict[str, Ratio]:
    """Return the ratios of a quantity by name: of each arm to bare, and of this addon to each other arm.

    Of an older build there is also the ratio of what both add to bare. What cannot be told is left out.
    """
    of = {name: figures[quantity] for name, figures in arms.items()}
    found = {f"{name}/{BARE}": ratio(own, of[BARE]) for name, own in of.items() if name != BARE}
    for name in [other for other in of if OURS in of and other not in (BARE, OURS)]:
        found[f"{OURS}/{name}"] = ratio(of[OURS], of[name])
        if name != NAIVE:
            found[f"added, {OURS}/{name}"] = ratio(of[OURS], of[name], of[BARE])
    return {name: one for name, one in found.items() if one}


def ratio(own: Sequence[float], base: Sequence[float], less: Sequence[float] = ()) -> Ratio | None:
    """Return how many times the base an arm's figures are, both without what a third arm takes.

    None where the base has nothing. Raises ValueError for arms that have not as many rounds.
    """
    third = less or [0.0] * len(own)
    rounds = [(one - low) / (other - low) for one, other, low in zip(own, base, third, strict=True) if other > low]
    best, other, low = map(second_best, (own, base, third))
    if not rounds or other <= low:
        return None
    first, _, last = statistics.quantiles(rounds * 2 if len(rounds) == 1 else rounds, n=4, method="inclusive")
    return Ratio((best - low) / (other - low), first, last)
