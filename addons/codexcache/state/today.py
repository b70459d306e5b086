"""What the turns of a day came to, in the store: for a status line, which is asked for while no proxy may run.

Each start has an entry of its own for each day, which it writes again after each turn; so several proxies need not
agree. All entries of a day begin alike, by which they are found.
"""

import time
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import orjson

from .store import NAME, Store
from .vault import Vault

_PREFIX = NAME // 2
_COUNTS = 5
"""The numbers of a day, in front of its latest miss."""


class Miss(NamedTuple):
    """The latest miss: when it ended in seconds since the epoch, its verdict and the sentence."""

    at: float = 0
    verdict: str = ""
    because: str = ""


class DayTotals(NamedTuple):
    """How many turns there were, their input tokens, how many were read, and how many were re-sent."""

    turns: int = 0
    input: int = 0
    cached: int = 0
    resent: int = 0
    avoidable: int = 0
    miss: Miss = Miss()

    def plus(self, other: "DayTotals") -> "DayTotals":
        """Return what both come to."""
        return DayTotals(
            self.turns + other.turns,
            self.input + other.input,
            self.cached + other.cached,
            self.resent + other.resent,
            self.avoidable + other.avoidable,
            max(self.miss, other.miss),
        )


class Today:
    """Adds up the turns of one start by day, in the thread that writes."""

    def __init__(self, run: str) -> None:
        self._run, self._day, self._totals = run.encode(), "", DayTotals()
        self._since = self._until = 0.0

    def add(self, turn: DayTotals, vault: Vault) -> dict[bytes, Callable[[], bytes]]:
        """Count a turn, and return what makes the entry to be stored; of several turns only the last one's is made."""
        if not self._since <= (now := time.time()) < self._until:
            self._day, self._totals = day_of(now), DayTotals()
            self._since, self._until = _midnights(now)
        self._totals = self._totals.plus(turn)
        return {_name(vault, self._day, self._run): partial(encode, self._totals)}


def _midnights(at: float) -> tuple[float, float]:
    """Return when the local day of a time begins, and when the next one does."""
    year, month, day, *_ = time.localtime(at)
    begins, ends = (time.mktime((year, month, each, 0, 0, 0, 0, 0, -1)) for each in (day, day + 1))
    return begins, ends


def day_of(at: float) -> str:
    """Return the local date of a time, as 2026-11-30."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def totals_of_day(store: Store, vault: Vault, day: str) -> DayTotals:
    """Return what all starts that share the store came to. Raises StoreError."""
    found = store.starting(_prefix(vault, day))
    opened = (vault.decrypt(name, value) for name, value in found.items())
    return sum_of(totals for value in opened if value and (totals := decode(value)))


def sum_of(each: Iterable[DayTotals]) -> DayTotals:
    """Return what they come to together."""
    total = DayTotals()
    for totals in each:
        total = total.plus(totals)
    return total


def encode(totals: DayTotals) -> bytes:
    """Return totals as they are stored."""
    return orjson.dumps([*totals[:-1], [*totals.miss]])


def decode(value: bytes) -> DayTotals | None:
    """Return totals, None for what another version wrote otherwise."""
    try:
        *counts, (at, verdict, because) = orjson.loads(value)
        turns, input_, cached, resent, avoidable = _counts(counts)
        return DayTotals(turns, input_, cached, resent, avoidable, Miss(float(at), str(verdict), str(because)))
    except (ValueError, TypeError):
        return None


def _counts(values: list[Any]) -> list[int]:
    if len(values) != _COUNTS or not all(type(value) is int for value in values):
        raise ValueError("not the counts of a day")
    return values


@lru_cache(maxsize=1)
def _name(vault: Vault, day: str, run: bytes) -> bytes:
    return _prefix(vault, day) + vault.name("start", run)[: NAME - _PREFIX]


def _prefix(vault: Vault, day: str) -> bytes:
    return vault.name("day", day.encode())[:_PREFIX]
