"""The positions of everything in a conversation's chart.

Turns are bars side by side in their order, since most follow each other closely; the time between two of them is a gap
that grows with it, in proportion up to the idle limit and slowly beyond. Bars and signs have the CSS classes of their
verdicts' groups; the colours of these are in `verdicts`, all others in `page.css`.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..diagnosis.learned import LIKELY_SECONDS as IDLE_SECONDS
from ..text import clock, day, short, span
from .conversations import ReportTurn

TOP, PLOT, BOTTOM = 28, 120, 20
FLOOR = TOP + PLOT
HEIGHT = FLOOR + BOTTOM

_WIDTH = 800
"""Width that a chart fills if it has turns enough, without becoming wider."""

_NARROWEST, _WIDEST = 7.0, 26.0
_LIMIT_WIDTH, _LONG_WIDTH = 14.0, 80.0
_SHORT_GAP = 20
"""Seconds up to which no gap is drawn."""

_MARGIN = 4.0
_STUMP = 10.0
"""Height of a turn that reported no counters."""

_CHARACTER, _APART = 6.5, 80.0


class Segment(NamedTuple):
    """A part of a bar, from its upper edge on; `kind` is its CSS class."""

    kind: str
    y: float
    height: float


class Bar(NamedTuple):
    """A turn. `top` is its upper edge."""

    turn: ReportTurn
    x: float
    width: float
    top: float
    segments: tuple[Segment, ...]


class Gap(NamedTuple):
    """Time between two turns. `limit` is the x of the idle limit, None for a gap that does not reach it."""

    x: float
    width: float
    limit: float | None
    label: str


class Tick(NamedTuple):
    """A label on an axis, and its position there."""

    at: float
    label: str


class Timeline(NamedTuple):
    """The chart of a conversation; `heights` and `times` are the ticks of its axes."""

    width: float
    bars: tuple[Bar, ...]
    gaps: tuple[Gap, ...]
    heights: tuple[Tick, ...]
    times: tuple[Tick, ...]

    @property
    def is_wide(self) -> bool:
        """True if a sheet of paper is too narrow for it."""
        return self.width > 1.5 * _WIDTH


def lay_out(turns: Sequence[ReportTurn]) -> Timeline:
    """Return the chart of some turns, at least one."""
    step = min(_WIDEST, max(_NARROWEST, (_WIDTH - sum(map(_gap_width, turns))) / len(turns)))
    top = max(1, *(turn.row.input or 0 for turn in turns), 1)
    bars, gaps, x = list[Bar](), list[Gap](), _MARGIN
    for turn in turns:
        if bars and (width := _gap_width(turn)):
            gaps.append(_gap(turn.gap or 0, x, width))
            x += width
        bars.append(_bar(turn, x, step, top))
        x += step
    heights = tuple(Tick(at=_y(tokens, top), label=short(tokens)) for tokens in _round_steps(top))
    times = tuple(_times(bars))
    width = max(x, times[-1].at + _width(times[-1].label)) + _MARGIN
    return Timeline(width=width, bars=tuple(bars), gaps=tuple(gaps), heights=heights, times=times)


def _gap_width(turn: ReportTurn) -> float:
    gap = turn.gap or 0
    if gap <= _SHORT_GAP:
        return 0.0
    if gap <= IDLE_SECONDS:
        return _LIMIT_WIDTH * gap / IDLE_SECONDS
    return min(_LONG_WIDTH, _LIMIT_WIDTH + 28 + 6 * math.log2(gap / IDLE_SECONDS))


def _gap(seconds: float, x: float, width: float) -> Gap:
    is_long = seconds > IDLE_SECONDS
    return Gap(x=x, width=width, limit=x + _LIMIT_WIDTH if is_long else None, label=span(seconds) if is_long else "")


def _bar(turn: ReportTurn, x: float, step: float, top: int) -> Bar:
    segments = tuple(_segments(turn, top))
    width, upper_edge = step - (2 if step > 10 else 1), min(segment.y for segment in segments)
    return Bar(turn=turn, x=x, width=width, top=upper_edge, segments=segments)


def _segments(turn: ReportTurn, top: int) -> Iterator[Segment]:
    """Yield the segments of a bar from the floor up."""
    if not turn.row.input:
        yield Segment(kind="untold", y=FLOOR - _STUMP, height=_STUMP)
        return
    tokens = 0
    kinds = (("cached", turn.row.cached or 0), ("resent", turn.row.resent))
    for kind, count in (*kinds, ("fresh" if turn.is_counted else "untold", turn.fresh)):
        if count:
            lower = _y(tokens, top)
            tokens += count
            yield Segment(kind=kind, y=_y(tokens, top), height=lower - _y(tokens, top))


def _y(tokens: int, top: int) -> float:
    return FLOOR - PLOT * tokens / top


def _round_steps(top: int) -> list[int]:
    """Return two to four round numbers up to `top`."""
    size = 10 ** max(0, math.floor(math.log10(top)))
    step = next((each for each in (size // 5, size // 2, size, size * 2) if each and top / each <= 4.5), size * 2)
    return list(range(step, top + 1, step))


def _times(bars: Sequence[Bar]) -> Iterator[Tick]:
    """Yield the time of the first turn, and then of those that have space for it; the day only when it is another."""
    free, known = 0.0, bars[0].turn.row.time
    for bar in bars:
        time = bar.turn.row.time
        label = clock(time) if day(time) == day(known) else f"{day(time)} {clock(time)}"
        if _has_label(bar, free) and (free == 0 or label != clock(known)):
            yield Tick(at=bar.x, label=label)
            free, known = bar.x + _width(label), time


def _has_label(bar: Bar, free: float) -> bool:
    """Return True for a turn that has its time below it: at the start, after a long gap, and now and then."""
    return free == 0 or (bar.x >= free and (bar.turn.gap or 0) > IDLE_SECONDS) or bar.x >= free + _APART


def _width(label: str) -> float:
    return _CHARACTER * len(label) + 8
