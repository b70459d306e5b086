"""The plot: memory, what is remembered, blocks, descriptors and tasks, by the number of turns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codex_bench import svg

from codex_soak.slope import Point
from codex_soak.verdict import Soaked, when_full
from codex_soak.watch import Sample

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 840, 220, 70, 20, 50, 40
_COLOURS = ("#c46210", "#1f6fb2", "#4d8b31", "#8d4fa8", "#b23a48", "#5f7f8f", "#8a7a1f", "#3fa39b")
_GREY, _LIGHT = "#888", "#e4e4e4"
_NAMES = 750  # width of all names in a legend

type Lines = dict[str, list[Point]]


@dataclass(frozen=True, slots=True)
class _Panel:
    """A rectangle of the picture; `top` is its place in it, `most` the figure at its upper edge."""

    title: str
    lines: Lines
    top: float
    most: float
    turns: float

    @property
    def floor(self) -> float:
        return self.top + _HEIGHT - _BOTTOM

    def x(self, turns: float) -> float:
        return svg.linear(0, self.turns, _LEFT, _WIDTH - _RIGHT)(turns)

    def y(self, figure: float) -> float:
        return svg.linear(0, self.most, self.floor, self.top + _TOP)(figure)


def draw(soaked: Soaked) -> str:
    """Return the picture as SVG text."""
    quiet, full = [soaked.before, *soaked.quiet], when_full(soaked.quiet)
    panels = [
        ("Memory, MB", _memory(quiet)),
        ("What the addon remembers, percent of each bound", _shares(quiet)),
        ("Blocks that Python has handed out, thousands", {"blocks": _points(quiet, lambda one: one.blocks / 1e3)}),
        ("Open descriptors and tasks of the event loop, amid a wave of clients and after it", _counts(soaked, quiet)),
    ]
    parts = list[str]()
    for place, (title, lines) in enumerate(panels):
        most = max([1.0, *(figure for points in lines.values() for _, figure in points)]) * 1.05
        panel = _Panel(title, lines, place * _HEIGHT, most, max(1, quiet[-1].turns))
        parts += [*_frame(panel, full), *_lines(panel)]
    return svg.document(_WIDTH, _HEIGHT * len(panels), "The proxy over the turns of a soak", parts)


def _memory(quiet: Sequence[Sample]) -> Lines:
    process, used = _points(quiet, lambda one: one.memory / 1e6), _points(quiet, lambda one: (one.allocated or 0) / 1e6)
    return {"of the process": process, "used, of large objects": used}


def _shares(quiet: Sequence[Sample]) -> Lines:
    return {name: _points(quiet, _share(name)) for name in quiet[-1].memories}


def _counts(soaked: Soaked, quiet: Sequence[Sample]) -> Lines:
    return {
        "descriptors amid": _points(soaked.busy, lambda one: one.descriptors),
        "descriptors after": _points(quiet, lambda one: one.descriptors),
        "tasks amid": _points(soaked.busy, lambda one: len(one.tasks)),
        "tasks after": _points(quiet, lambda one: len(one.tasks)),
    }


def _points(samples: Sequence[Sample], figure: Callable[[Sample], float]) -> list[Point]:
    return [(one.turns, figure(one)) for one in samples]


def _share(name: str) -> Callable[[Sample], float]:
    return lambda one: 100 * one.memories[name]["size"] / one.memories[name]["limit"]


def _frame(panel: _Panel, full: Sequence[Sample]) -> Iterator[str]:
    """Yield the title, the scales and the names, and where the memories were full."""
    yield svg.words(_LEFT, panel.top + 20, panel.title, anchor="start", size=14)
    for tick in svg.ticks(0, panel.most, 4):
        yield svg.line(_LEFT, panel.y(tick), _WIDTH - _RIGHT, panel.y(tick), _LIGHT)
        yield svg.words(_LEFT - 8, panel.y(tick) + 4, f"{tick:g}", anchor="end")
    for tick in svg.ticks(0, panel.turns):
        yield svg.words(panel.x(tick), panel.floor + 18, f"{tick:,.0f}" if tick else "0 turns")
    if full:
        yield svg.line(panel.x(full[0].turns), panel.top + _TOP, panel.x(full[0].turns), panel.floor, _GREY)
        yield svg.words(panel.x(full[0].turns) + 4, panel.top + _TOP + 10, "all full", anchor="start", colour=_GREY)
    for number, name in enumerate(panel.lines if len(panel.lines) > 1 else ()):
        x = _LEFT + number * _NAMES / len(panel.lines)
        yield svg.circle(x + 4, panel.top + 36, 4, _COLOURS[number])
        yield svg.words(x + 12, panel.top + 40, name, anchor="start")


def _lines(panel: _Panel) -> Iterator[str]:
    for number, points in enumerate(panel.lines.values()):
        yield svg.path([(panel.x(turns), panel.y(figure)) for turns, figure in points], _COLOURS[number])
