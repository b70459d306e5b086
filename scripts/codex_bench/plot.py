"""The plot: each arm's CPU a turn as a multiple of the bare proxy's, by size, and along a growing conversation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codex_bench import svg
from codex_bench.arms import BARE, DIRECT
from codex_bench.figures import Figures, Summary
from codex_bench.plan import Scenario
from codex_bench.spread import ratios

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 300, 60, 40, 50, 50
_COLOURS = ("#c46210", "#1f6fb2", "#4d8b31", "#8d4fa8", "#7a7a7a")
_GREY, _LIGHT = "#888", "#e4e4e4"
_APART = 16
_LEAST = 0.9  # ratio at the bottom of a panel


@dataclass(frozen=True, slots=True)
class _Panel:
    """A rectangle of the picture with a scale for ratios; `top` is its place in the picture."""

    top: float
    most: float

    @property
    def floor(self) -> float:
        return self.top + _HEIGHT - _BOTTOM

    def y(self, ratio: float) -> float:
        return svg.linear(_LEAST, self.most, self.floor, self.top + _TOP)(ratio)


def draw(results: Mapping[Scenario, Mapping[str, Summary]], measured: Mapping[Scenario, Mapping[str, Figures]]) -> str:
    """Returns the picture as SVG text."""
    sized = [one for one in results if one.kind in ("turns", "at once")]
    grown = [one for one in results if one.kind == "conversation"]
    names = [name for name in next(iter(results.values()), {}) if name not in (BARE, DIRECT)]
    parts = list(_by_size(names, {one: results[one] for one in sized}))
    for place, one in enumerate(grown, start=1):
        parts += _by_turn(names, one, measured[one], place * _HEIGHT)
    title = "CPU of the proxy a turn, as a multiple of the bare proxy's"
    return svg.document(_WIDTH, _HEIGHT * (1 + len(grown)), title, parts)


def _by_size(names: Sequence[str], results: Mapping[Scenario, Mapping[str, Summary]]) -> Iterator[str]:
    spreads = [spread for arms in results.values() for name in names for spread in arms[name].ratio.values()]
    panel = _Panel(0, _most([spread.high for spread in spreads]))
    yield from _frame(panel, names, "CPU a turn, ratio to the bare proxy: warm turns (full), cold turns (hollow)")
    for place, (scenario, arms) in enumerate(results.items()):
        x = _LEFT + (place + 0.5) * (_WIDTH - _LEFT - _RIGHT) / len(results)
        yield svg.words(x, panel.floor + 20, scenario.name)
        for number, name in enumerate(names):
            start = x + (number - (len(names) - 1) / 2) * 2 * _APART
            yield from _whiskers(panel, start, arms[name], _colour(number))


def _whiskers(panel: _Panel, x: float, found: Summary, colour: str) -> Iterator[str]:
    """Yield a point and the line of its spread for warm turns, and beside them for cold ones."""
    for part, at in (("warm", x - _APART / 3), ("cold", x + _APART / 3)):
        if spread := found.ratio.get(part):
            yield svg.line(at, panel.y(spread.low), at, panel.y(spread.high), colour, 2)
            yield svg.circle(at, panel.y(spread.median), 4, colour, hollow=part == "cold")


def _by_turn(names: Sequence[str], scenario: Scenario, arms: Mapping[str, Figures], top: float) -> Iterator[str]:
    lines = {name: ratios(arms[name].warm, arms[BARE].warm) for name in names}
    panel = _Panel(top, _most([ratio for line in lines.values() for ratio in line]))
    yield from _frame(panel, names, f"A conversation that grows from {scenario.name}, CPU ratio by turn")
    across = svg.linear(0, 1 + scenario.warm, _LEFT, _WIDTH - _RIGHT)
    for tick in svg.ticks(0, 1 + scenario.warm):
        yield svg.words(across(tick), panel.floor + 20, f"turn {tick:g}" if tick else "")
    for number, line in enumerate(lines.values()):
        width = scenario.warm / len(line) if line else 0
        points = [(across(1 + (place + 0.5) * width), panel.y(ratio)) for place, ratio in enumerate(line)]
        yield svg.path(points, _colour(number))


def _frame(panel: _Panel, names: Sequence[str], title: str) -> Iterator[str]:
    """Yield the title, the scale and the names."""
    yield svg.words(_LEFT, panel.top + 24, title, anchor="start", size=14)
    for tick in svg.ticks(_LEAST, panel.most):
        yield svg.line(_LEFT, panel.y(tick), _WIDTH - _RIGHT, panel.y(tick), _GREY if tick == 1 else _LIGHT)
        yield svg.words(_LEFT - 8, panel.y(tick) + 4, f"{tick:g}", anchor="end")
    for number, name in enumerate(names):
        x = _WIDTH - _RIGHT - (len(names) - number) * 70
        yield svg.circle(x, panel.top + 40, 4, _colour(number))
        yield svg.words(x + 8, panel.top + 44, name, anchor="start")


def _most(ratios: Sequence[float]) -> float:
    return max([1.2, *ratios]) * 1.02


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]
