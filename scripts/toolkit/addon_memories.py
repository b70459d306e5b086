"""What the addon remembers, and how much of it at most.

Its bounds are no options, because users need not set them, so this module reaches for them inside. A test compares it
with the addon as it is.
"""

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Memory:
    """One bounded memory: its size and its bound, both in bytes or in entries, and how to set another bound."""

    size: Callable[[], int]
    limit: Callable[[], int]
    put: Callable[[int], None]


def find(objects: Iterable[Any]) -> dict[str, Memory]:
    """Return the memories of the addon, by name, that are among all objects of a process."""
    found = dict[str, Memory]()
    for one in objects:
        kind = type(one)
        if make := _KINDS.get((kind.__module__, kind.__name__)):
            found |= make(one)
    return found


def _limited(size: Callable[[], int], holder: Any, bound: str = "_limit") -> Memory:
    """Return the memory whose bound is an attribute of an object."""
    return Memory(size, lambda: getattr(holder, bound), functools.partial(setattr, holder, bound))


def _lines(one: Any) -> Memory:
    def put(limit: int) -> None:
        one.lines = deque(one.lines, limit)

    return Memory(lambda: len(one.lines), lambda: one.lines.maxlen, put)


def _pseudonyms(one: Any) -> Memory:
    def put(limit: int) -> None:
        one._made = functools.lru_cache(limit)(one._make)

    return Memory(lambda: one._made.cache_info().currsize, lambda: one._made.cache_info().maxsize, put)


_KINDS: dict[tuple[str, str], Callable[[Any], dict[str, Memory]]] = {
    ("codexcache.diagnosis.history", "History"): lambda one: {"history": _limited(lambda: one.size, one)},
    ("codexcache.body.cache", "BodyCache"): lambda one: {
        "bodies": _limited(lambda: one._latest.size, one._latest),
        "shared_prefixes": _limited(lambda: one._shared_prefixes.size, one._shared_prefixes),
    },
    ("codexcache.turn.cache_key", "KeyMemory"): lambda one: {
        "turns": _limited(lambda: len(one._turns._entries), one._turns)
    },
    ("codexcache.diagnosis.engine", "Engine"): lambda one: {
        "loads": _limited(lambda: len(one._loads), sys.modules[type(one).__module__], "_KEYS")
    },
    ("codexcache.hooks.notify", "RecentLines"): lambda one: {"lines": _lines(one)},
    ("codexcache.output.journal", "Pseudonyms"): lambda one: {"pseudonyms": _pseudonyms(one)},
}
