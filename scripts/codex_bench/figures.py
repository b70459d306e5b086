"""What was measured of an arm in one scenario, and what is made of it: ratios to the bare proxy of the same round."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codex_bench.arms import BARE, DIRECT
from codex_bench.spread import Spread, differences, ratios, spread

PARTS = ("cold", "warm", "frame")


@dataclass(slots=True, kw_only=True)
class Figures:
    """One figure a round, in seconds: CPU a cold turn, a warm turn, a frame; the waits; and the peak in bytes."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    frame: list[float] = field(default_factory=list)
    first_byte: list[float] = field(default_factory=list)
    event: list[float] = field(default_factory=list)
    frames_a_second: list[float] = field(default_factory=list)
    memory: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """An arm's figures in one scenario. `cpu` and `ratio` are by part; what does not apply is None."""

    cpu: dict[str, Spread]
    ratio: dict[str, Spread]
    to_naive: Spread | None
    first_byte: Spread | None
    event: Spread | None
    frames_a_second: Spread | None
    memory: int


def summarize(all_figures: Mapping[str, Figures]) -> dict[str, Summary]:
    """Returns the summary of each arm. Waits are what is added to those without a proxy, if that was measured."""
    return {name: _summary(name, all_figures) for name in all_figures}


def _summary(name: str, all_figures: Mapping[str, Figures]) -> Summary:
    mine, direct = all_figures[name], all_figures.get(DIRECT)
    return Summary(
        cpu={part: found for part in PARTS if (found := spread(getattr(mine, part)))},
        ratio=_ratios(mine, all_figures[BARE]),
        to_naive=_ratios(mine, all_figures["naive"]).get("warm") if "naive" in all_figures else None,
        first_byte=_added(mine.first_byte, direct.first_byte if direct else None),
        event=_added(mine.event, direct.event if direct else None),
        frames_a_second=spread(mine.frames_a_second),
        memory=mine.memory,
    )


def _ratios(mine: Figures, base: Figures) -> dict[str, Spread]:
    pairs = {part: (getattr(mine, part), getattr(base, part)) for part in PARTS}
    return {part: found for part, (own, other) in pairs.items() if own and (found := spread(ratios(own, other)))}


def _added(waits: list[float], without: list[float] | None) -> Spread | None:
    return spread(waits if without is None else differences(waits, without))
