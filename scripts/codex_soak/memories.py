"""What the addon remembers, and how much of it at the most.

Its bounds are no options, because nobody has to set them: so this room reaches for them inside. A test holds it against
the addon as it is.
"""

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One bounded memory: how much is in it and its bound, both in bytes or in entries, and how to put another."""

    size: Callable[[], int]
    limit: Callable[[], int]
    put: Callable[[int], None]


def find(objects: Iterable[Any]) -> dict[str, Memory]:
    """Return the memories of the addon, by name, that are among all objects of a process."""
    kinds = {kind: find_in for name, find_in in _KINDS.items() if (kind := _loaded(name))}
    return {name: memory for one in objects if type(one) in kinds for name, memory in kinds[type(one)](one)}


def _loaded(name: str) -> type | None:
    """Return a type of the addon, None where its module has not been loaded."""
    module, _, kind = name.rpartition(".")
    return getattr(sys.modules[f"codexcache.{module}"], kind) if f"codexcache.{module}" in sys.modules else None


def _history(one: Any) -> Iterator[tuple[str, Memory]]:
    yield "history", _of_bytes(one)


def _bodies(one: Any) -> Iterator[tuple[str, Memory]]:
    yield "bodies", _of_bytes(one._latest)
    yield "beginnings", _of_bytes(one._shared_prefixes)


def _of_bytes(one: Any) -> Memory:
    return Memory(size=lambda: one.size, limit=lambda: one._limit, put=functools.partial(_set, one, "_limit"))


def _keys(one: Any) -> Iterator[tuple[str, Memory]]:
    """Yield the turns that are remembered by the digest of their input, and the responses by their id."""
    for name, kept in (("traces", one._turns), ("responses", one._responses)):
        yield name, _of_entries(kept)


def _of_entries(kept: Any) -> Memory:
    put = functools.partial(_set, kept, "_limit")
    return Memory(size=lambda: len(kept._entries), limit=lambda: kept._limit, put=put)


def _loads(one: Any) -> Iterator[tuple[str, Memory]]:
    module = sys.modules[type(one).__module__]
    put = functools.partial(_set, module, "_KEYS")
    yield "loads", Memory(size=lambda: len(one._loads), limit=lambda: vars(module)["_KEYS"], put=put)


def _lines(one: Any) -> Iterator[tuple[str, Memory]]:
    def put(limit: int) -> None:
        one._lines = deque(one._lines, maxlen=limit)

    yield "lines", Memory(size=lambda: len(one._lines), limit=lambda: one._lines.maxlen, put=put)


def _fingerprints(one: Any) -> Iterator[tuple[str, Memory]]:
    def put(limit: int) -> None:
        one._made = functools.lru_cache(maxsize=limit)(one._make)

    def info() -> Any:
        return one._made.cache_info()

    yield "fingerprints", Memory(size=lambda: info().currsize, limit=lambda: info().maxsize, put=put)


def _set(holder: object, name: str, limit: int) -> None:
    setattr(holder, name, limit)


_KINDS: dict[str, Callable[[Any], Iterator[tuple[str, Memory]]]] = {
    "causes.history.History": _history,
    "wire.bodies.Bodies": _bodies,
    "turns.memory.Memory": _keys,
    "causes.explain.Explainer": _loads,
    "console.reports.Reports": _lines,
    "words.fingerprint.Fingerprints": _fingerprints,
}
