"""What was aimed at, and what was reached: ratios of the CPU that a warm turn with 100 events takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from codex_bench.arms import OURS
from codex_bench.figures import Summary
from codex_bench.plan import Scenario, spelled
from codex_bench.spread import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One aim: our ratio to another arm at a size."""

    size: int
    to: str
    limit: float

    @property
    def name(self) -> str:
        """The aim in words."""
        return f"{spelled(self.size)}, to {self.to}"


TARGETS = (
    Target(size=40_000, to="bare", limit=1.08),
    Target(size=40_000, to="naive", limit=1.03),
    Target(size=1_000_000, to="bare", limit=1.15),
    Target(size=1_000_000, to="naive", limit=1.00),
)


@dataclass(frozen=True, slots=True)
class Reached:
    """An aim beside what was measured."""

    target: Target
    ratio: Spread

    @property
    def met(self) -> bool:
        """Whether the median is within the limit."""
        return self.ratio.median <= self.target.limit


def reached(results: Mapping[Scenario, Mapping[str, Summary]]) -> list[Reached]:
    """Returns each aim that was measured."""
    found = {one.size: arms[OURS] for one, arms in results.items() if one.kind == "turns" and OURS in arms}
    pairs = [(target, _ratio(found[target.size], target.to)) for target in TARGETS if target.size in found]
    return [Reached(target, ratio) for target, ratio in pairs if ratio]


def _ratio(summary: Summary, to: str) -> Spread | None:
    return summary.to_naive if to == "naive" else summary.ratio.get("warm")
