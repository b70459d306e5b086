"""What the turns of a day came to, in the store: for a status line, which is asked for while no proxy may run.

Each start has an entry of its own for each day, which it writes again after each turn; so several proxies need not
agree. All entries of a day begin alike, by which they are found.
"""

import time
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

import orjson

from .store import NAME, Store
from .vault import Vault

_PREFIX = NAME // 2
_NAMES = ("turns", "input", "cached", "resent", "avoidable")


class Miss(NamedTuple):
    """The latest miss: when it ended in seconds since the epoch, its verdict and the sentence."""

    at: float = 0
    verdict: str = ""
    because: str = ""


class Tally(NamedTuple):
    """How many turns there were, their input tokens, how many were read, and how many were re-sent."""

    turns: int = 0
    input: int = 0
    cached: int = 0
    resent: int = 0
    avoidable: int = 0
    miss: Miss = Miss()

    def plus(self, other: "Tally") -> Self:
        """Return what both come to."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in _NAMES}
        return self._replace(**counts, miss=max(self.miss, other.miss))


class Today:
    """Adds up the turns of one start by day, in the thread that writes."""

    def __init__(self, run: str) -> None:
        self._run, self._day, self._tally = run.encode(), "", Tally()

    def add(self, turn: Tally, vault: Vault) -> dict[bytes, bytes]:
        """Count a turn, and return what is to be stored."""
        if (day := day_of(time.time())) != self._day:
            self._day, self._tally = day, Tally()
        self._tally = self._tally.plus(turn)
        return {_name(vault, day, self._run): encode(self._tally)}


def day_of(at: float) -> str:
    """Return the local date of a time, as 2026-11-30."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def tally_of_day(store: Store, vault: Vault, day: str) -> Tally:
    """Return what all starts that share the store came to. Raises StoreError."""
    found = store.starting(_prefix(vault, day))
    opened = (vault.decrypt(name, value) for name, value in found.items())
    return sum_of(tally for value in opened if value and (tally := decode(value)))


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """Return what they come to together."""
    total = Tally()
    for tally in tallies:
        total = total.plus(tally)
    return total


def encode(tally: Tally) -> bytes:
    """Return a tally as it is stored."""
    return orjson.dumps([*tally[:-1], [*tally.miss]])


def decode(value: bytes) -> Tally | None:
    """Return a tally, None for what another version wrote otherwise."""
    try:
        *counts, (at, verdict, because) = orjson.loads(value)
        turns, input_, cached, resent, avoidable = _counts(counts)
        return Tally(turns, input_, cached, resent, avoidable, Miss(float(at), str(verdict), str(because)))
    except (ValueError, TypeError):
        return None


def _counts(values: list[Any]) -> list[int]:
    if len(values) != len(_NAMES) or not all(type(value) is int for value in values):
        raise ValueError("not the counts of a tally")
    return values


def _name(vault: Vault, day: str, run: bytes) -> bytes:
    return _prefix(vault, day) + vault.name("start", run)[: NAME - _PREFIX]


def _prefix(vault: Vault, day: str) -> bytes:
    return vault.name("day", day.encode())[:_PREFIX]
