"""Where everything stands in a conversation's drawing.

Turns stand side by side in their order, for most follow each other closely; the time between two of them is drawn as
a gap that grows with it, in proportion up to the idle limit and slowly beyond.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..diagnosis.rules import IDLE_SECONDS
from .conversations import Turn
from .formatting import clock, day, short, span

TOP, PLOT, BOTTOM = 28, 120, 20
FLOOR = TOP + PLOT
HEIGHT = FLOOR + BOTTOM

_WIDTH = 800
"""What a drawing fills if it has turns enough, without becoming wider."""

_NARROWEST, _WIDEST = 7.0, 26.0
_LIMIT_WIDTH, _LONG_WIDTH = 14.0, 80.0
_SHORT_GAP = 20
"""Seconds up to which no gap is drawn."""

_MARGIN = 4.0
_STUMP = 10.0
"""Height of a turn that told no counters."""

_CHARACTER, _APART = 6.5, 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a bar, from its upper edge on."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A turn. `top` is its upper edge."""

    turn: Turn
    x: float
    width: float
    top: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Time between two turns. `limit` is where the idle limit lies, None for a gap that does not reach it."""

    x: float
    width: float
    limit: float | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A labelled line or point: a height, or a place in time."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The drawing of a conversation."""

    width: float
    bars: tuple[Bar, ...]
    gaps: tuple[Gap, ...]
    heights: tuple[Line, ...]
    times: tuple[Line, ...]

    @property
    def is_wide(self) -> bool:
        """Whether a sheet of paper is too narrow for it."""
        return self.width > 1.5 * _WIDTH


def lay_out(turns: Sequence[Turn]) -> Timeline:
    """Return where the turns stand."""
    step = min(_WIDEST, max(_NARROWEST, (_WIDTH - sum(map(_gap_width, turns))) / len(turns)))
    top = max(1, *(turn.row.input or 0 for turn in turns), 1)
    bars, gaps, x = list[Bar](), list[Gap](), _MARGIN
    for turn in turns:
        if bars and (width := _gap_width(turn)):
            gaps.append(_gap(turn.gap or 0, x, width))
            x += width
        bars.append(_bar(turn, x, step, top))
        x += step
    heights = tuple(Line(at=_y(tokens, top), label=short(tokens)) for tokens in _round_steps(top))
    times = tuple(_times(bars))
    width = max(x, times[-1].at + _width(times[-1].label)) + _MARGIN
    return Timeline(width=width, bars=tuple(bars), gaps=tuple(gaps), heights=heights, times=times)


def _gap_width(turn: Turn) -> float:
    gap = turn.gap or 0
    if gap <= _SHORT_GAP:
        return 0.0
    if gap <= IDLE_SECONDS:
        return _LIMIT_WIDTH * gap / IDLE_SECONDS
    return min(_LONG_WIDTH, _LIMIT_WIDTH + 28 + 6 * math.log2(gap / IDLE_SECONDS))


def _gap(seconds: float, x: float, width: float) -> Gap:
    is_long = seconds > IDLE_SECONDS
    return Gap(x=x, width=width, limit=x + _LIMIT_WIDTH if is_long else None, label=span(seconds) if is_long else "")


def _bar(turn: Turn, x: float, step: float, top: int) -> Bar:
    parts = tuple(_parts(turn, top))
    return Bar(turn=turn, x=x, width=step - (2 if step > 10 else 1), top=min(part.y for part in parts), parts=parts)


def _parts(turn: Turn, top: int) -> Iterator[Part]:
    """Yield the parts of a bar from the floor up."""
    if not turn.row.input:
        yield Part(kind="untold", y=FLOOR - _STUMP, height=_STUMP)
        return
    tokens = 0
    kinds = (("cached", turn.row.cached or 0), ("resent", turn.resent))
    for kind, count in (*kinds, ("fresh" if turn.is_counted else "untold", turn.fresh)):
        if count:
            lower = _y(tokens, top)
            tokens += count
            yield Part(kind=kind, y=_y(tokens, top), height=lower - _y(tokens, top))


def _y(tokens: int, top: int) -> float:
    return FLOOR - PLOT * tokens / top


def _round_steps(top: int) -> list[int]:
    """Return two to four round numbers up to `top`."""
    size = 10 ** max(0, math.floor(math.log10(top)))
    step = next((part for part in (size // 5, size // 2, size, size * 2) if part and top / part <= 4.5), size * 2)
    return list(range(step, top + 1, step))


def _times(bars: Sequence[Bar]) -> Iterator[Line]:
    """Yield the time of the first turn, and then of those for which there is room; the day only when it is another."""
    free, known = 0.0, bars[0].turn.row.time
    for bar in bars:
        time = bar.turn.row.time
        label = clock(time) if day(time) == day(known) else f"{day(time)} {clock(time)}"
        if _is_telling(bar, free) and (free == 0 or label != clock(known)):
            yield Line(at=bar.x, label=label)
            free, known = bar.x + _width(label), time


def _is_telling(bar: Bar, free: float) -> bool:
    """Tell whether a time is worth its room: at the start, behind a long gap, and now and then."""
    return free == 0 or (bar.x >= free and (bar.turn.gap or 0) > IDLE_SECONDS) or bar.x >= free + _APART


def _width(label: str) -> float:
    return _CHARACTER * len(label) + 8
