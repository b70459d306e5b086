"""The plot: each arm's CPU a turn as a multiple of the bare proxy's, by size, and along a growing conversation."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import chain, cycle

from codex_bench.figures import Figures, Measured, Results, ratios
from codex_bench.plan import BARE, DIRECT, Scenario

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 300, 60, 820, 50, 50
_COLOURS = ("#c46210", "#1f6fb2", "#4d8b31", "#8d4fa8", "#7a7a7a")
_GREY, _LIGHT = "#888", "#e4e4e4"
_APART = 16
_LEAST = 0.9  # ratio at the bottom of a panel


class _Panel:
    """A part of the picture with a scale for the ratios that were found; `top` is its place in the picture."""

    def __init__(self, top: float, found: Iterable[float]) -> None:
        self.top, self.floor = top, top + _HEIGHT - _BOTTOM
        self.most = max([1.2, *found]) * 1.02

    def y(self, ratio: float) -> float:
        return scaled(ratio, (_LEAST, self.most), (self.floor, self.top + _TOP))


def draw(results: Results, measured: Measured) -> str:
    """Return the picture as SVG text."""
    sized = {one: arms for one, arms in results.items() if one.kind in ("turns", "at once")}
    grown = [one for one in results if one.kind == "conversation"]
    names = [name for name in next(iter(results.values()), {}) if name not in (BARE, DIRECT)]
    colours = dict(zip(names, cycle(_COLOURS), strict=False))
    panels = [_by_size(colours, sized)]
    panels += [_by_turn(colours, one, measured[one], place * _HEIGHT) for place, one in enumerate(grown, start=1)]
    height = _HEIGHT * len(panels)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" role="img">',
        "<title>CPU of the proxy a turn, as a multiple of the bare proxy's</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    )
    return "\n".join([*head, *chain(*panels), "</svg>\n"])


def _by_size(colours: Mapping[str, str], results: Results) -> Iterator[str]:
    """Yield for each size and arm a point with the line of its spread, for warm turns and next to it for cold ones."""
    panel = _Panel(0, (one.high for arms in results.values() for name in colours for one in arms[name].ratio.values()))
    yield from _frame(panel, colours, "CPU a turn, ratio to the bare proxy: warm turns (full), cold turns (hollow)")
    for place, (scenario, arms) in enumerate(results.items()):
        middle = _LEFT + (place + 0.5) * (_RIGHT - _LEFT) / len(results)
        yield text(middle, panel.floor + 20, scenario.name)
        for number, (name, colour) in enumerate(colours.items()):
            start = middle + (number - (len(colours) - 1) / 2) * 2 * _APART
            for part, x, fill in (("warm", start - _APART / 3, colour), ("cold", start + _APART / 3, "#fff")):
                if spread := arms[name].ratio.get(part):
                    yield _line([(x, panel.y(spread.low)), (x, panel.y(spread.high))], colour, 2)
                    yield _circle(x, panel.y(spread.median), colour, fill)


def _by_turn(colours: Mapping[str, str], scenario: Scenario, arms: Mapping[str, Figures], top: float) -> Iterator[str]:
    found = [ratios(arms[name].warm, arms[BARE].warm) for name in colours]
    panel = _Panel(top, chain.from_iterable(found))
    turns, across = (0, 1 + scenario.warm), (_LEFT, _RIGHT)
    yield from _frame(panel, colours, f"A conversation that grows from {scenario.name}, CPU ratio by turn")
    for tick in ticks(*turns):
        yield text(scaled(tick, turns, across), panel.floor + 20, f"turn {tick:g}" if tick else "")
    for colour, line in zip(colours.values(), found, strict=True):
        places = (scaled(1 + (place + 0.5) * scenario.warm / len(line), turns, across) for place in range(len(line)))
        yield _line([*zip(places, map(panel.y, line), strict=True)], colour, 2)


def _frame(panel: _Panel, colours: Mapping[str, str], title: str) -> Iterator[str]:
    """Yield the title, the scale and the names."""
    yield text(_LEFT, panel.top + 24, title, anchor="start", size=14)
    for tick in ticks(_LEAST, panel.most):
        y = panel.y(tick)
        yield _line([(_LEFT, y), (_RIGHT, y)], _GREY if tick == 1 else _LIGHT)
        yield text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    for number, (name, colour) in enumerate(colours.items()):
        x = _RIGHT - (len(colours) - number) * 70
        yield _circle(x, panel.top + 40, colour, colour)
        yield text(x + 8, panel.top + 44, name, anchor="start")


def scaled(figure: float, figures: tuple[float, float], places: tuple[float, float]) -> float:
    """Return the place of a figure, where the first figure of a range has the first place and the last the last."""
    return places[0] + (figure - figures[0]) / (figures[1] - figures[0]) * (places[1] - places[0])


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round figures from `low` to `high`, about as many as asked for."""
    raw = (high - low) / count or 1.0
    power = 10 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 12) -> str:
    """Return words as an element of the picture."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="#333">{escape(words)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: float = 1) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def _circle(x: float, y: float, colour: str, fill: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}" stroke-width="1.5"/>'
