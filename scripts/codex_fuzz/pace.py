"""How time grows with size: the time of a hostile input of four times the size over that of one of the size.

Four is linear, sixteen is quadratic. Only CPU time counts, and of several tries the best, so that a busy machine does
not matter much; absolute figures would mean nothing on another machine. Beside it stands how long the larger one keeps
its reader busy, in units of one `orjson.loads` of an ordinary body of the same size: so long would the event loop wait.
"""

import gc
import time
from collections.abc import Callable
from typing import NamedTuple

import orjson

from codex_fuzz.bombs import ordinary
from codex_fuzz.families import Family, families
from codex_fuzz.works import Work

SMALL = 64 << 10
"""Bytes of the smaller input."""

BOUND = 8.0
"""The largest ratio that still counts as linear; caches and allocators cost some, and a square would cost sixteen."""

_FEW, _MANY = 3, 12
_WORTH = 0.0005
"""Seconds below which a ratio is only noise."""


class Pace(NamedTuple):
    """What was measured of a family: the ratio, and the seconds that the larger input took."""

    family: Family
    ratio: float
    larger: float

    @property
    def is_linear(self) -> bool:
        return self.ratio <= BOUND


def pace_of(family: Family, small: int = SMALL) -> Pace:
    """Measure a family. A ratio beyond the bound is measured again, because noise only ever adds."""
    works = family.make(small), family.make(4 * small)
    best = [_fastest(work, _FEW) for work in works]
    for _ in range(_MANY - _FEW):
        if _ratio(*best) <= BOUND:
            break
        best = [min(known, _fastest(work, 1)) for known, work in zip(best, works, strict=True)]
    return Pace(family, _ratio(*best), best[1])


def show() -> int:
    """Print the pace of each family; return 1 if one of them is not linear."""
    print(f"time at 4n over time at n, n = {SMALL >> 10} kB: 4 is linear, more than {BOUND:g} is not\n")
    print(f"{'parser':<36} {'input':<44} {'ratio':>6}  {'orjson.loads':>12}")
    unit = _loads(4 * SMALL)
    found = [_shown(pace_of(family), unit) for family in families()]
    beyond = [pace for pace in found if not pace.is_linear]
    print(f"\n{len(found)} measured, {len(beyond)} not linear.")
    return 1 if beyond else 0


def _shown(pace: Pace, unit: float) -> Pace:
    mark = "" if pace.is_linear else "  <- not linear"
    print(
        f"{pace.family.parser:<36} {pace.family.name:<44} {pace.ratio:>6.1f}  {pace.larger / unit:>12.1f}{mark}",
        flush=True,
    )
    return pace


def _ratio(small: float, large: float) -> float:
    return max(large, _WORTH) / max(small, _WORTH / 4)


def _fastest(work: Work, tries: int) -> float:
    return min(_time_of(work) for _ in range(tries))


def _time_of(work: Callable[[], object]) -> float:
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def _loads(size: int) -> float:
    text = ordinary(size)
    return _fastest(lambda: orjson.loads(text), _MANY)
