"""How time grows with size: the time of a hostile input of four times the size over that of one of the size.

Four is linear, sixteen is quadratic. Only CPU time counts, and of several tries the best, so that a busy machine does
not matter much; absolute figures would mean nothing on another machine.
"""

import gc
import time
from collections.abc import Callable
from typing import Any

from codex_fuzz.readers import CASES, Case

BOUND = 8.0
"""The largest ratio that still counts as linear; caches and allocators cost some, and a square would cost sixteen."""

_SMALL = 64 << 10
"""Bytes of the smaller input."""

_FEW, _MANY = 3, 12
_WORTH = 0.0005
"""Seconds below which a ratio is only noise."""


def ratio_of(case: Case, small: int = _SMALL) -> float:
    """Return the ratio of a case's times. One beyond the bound is measured again, because noise only ever adds."""
    inputs = [case.make(size) for size in (small, 4 * small)]
    best = [min(_time_of(case.read, given) for _ in range(_FEW)) for given in inputs]
    for _ in range(_MANY - _FEW):
        if _ratio(*best) <= BOUND:
            break
        best = [min(known, _time_of(case.read, given)) for known, given in zip(best, inputs, strict=True)]
    return _ratio(*best)


def show() -> int:
    """Print the ratio of each case; return 1 if one of them is not linear."""
    print(f"time at 4n over time at n, n = {_SMALL >> 10} kB: 4 is linear, more than {BOUND:g} is not\n")
    beyond = 0
    for case in CASES:
        ratio = ratio_of(case)
        print(f"{case.parser:<36} {case.name:<44} {ratio:>6.1f}{'  <- not linear' * (ratio > BOUND)}", flush=True)
        beyond += ratio > BOUND
    print(f"\n{len(CASES)} measured, {beyond} not linear.")
    return int(beyond > 0)


def _ratio(small: float, large: float) -> float:
    return max(large, _WORTH) / max(small, _WORTH / 4)


def _time_of(read: Callable[[Any], object], given: Any) -> float:
    gc.disable()
    try:
        start = time.process_time()
        read(given)
        return time.process_time() - start
    finally:
        gc.enable()
