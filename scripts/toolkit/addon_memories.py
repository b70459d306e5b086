"""What the addon remembers, and how much of it at most.

Its bounds are no options, because users need not set them, so this module reaches for them inside. A test compares it
with the addon as it is.
"""

import functools
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One bounded memory: its size and its bound, both in bytes or in entries, and how to set another bound."""

    size: Callable[[], int]
    limit: Callable[[], int]
    put: Callable[[int], None]


type Memories = Iterator[tuple[str, Memory]]


def find(objects: Iterable[Any]) -> dict[str, Memory]:
    """Return the memories of the addon, by name, that are among all objects of a process."""
    kinds = {kind: find_in for name, find_in in _KINDS.items() if (kind := _loaded(name))}
    return {name: memory for one in objects if type(one) in kinds for name, memory in kinds[type(one)](one)}


def _loaded(name: str) -> type | None:
    """Return a type of the addon, None where its module has not been loaded."""
    module, _, kind = name.rpartition(".")
    return getattr(sys.modules[f"codexcache.{module}"], kind) if f"codexcache.{module}" in sys.modules else None


def _history(one: Any) -> Memories:
    yield "history", _of_bytes(one)


def _bodies(one: Any) -> Memories:
    yield "bodies", _of_bytes(one._latest)
    yield "shared_prefixes", _of_bytes(one._shared_prefixes)


def _keys(one: Any) -> Memories:
    """Yield the turns that are remembered by the digest of their input, and the responses by their id."""
    yield "turns", _limited(one._turns, lambda: len(one._turns._entries))
    yield "responses", _limited(one._responses, lambda: len(one._responses._entries))


def _loads(one: Any) -> Memories:
    yield "loads", _limited(sys.modules[type(one).__module__], lambda: len(one._loads), "_KEYS")


def _lines(one: Any) -> Memories:
    def put(limit: int) -> None:
        one.lines = deque(one.lines, maxlen=limit)

    yield "lines", Memory(size=lambda: len(one.lines), limit=lambda: one.lines.maxlen, put=put)


def pseudonyms(one: Any) -> Memories:
    def put(limit: int) -> None:
        one._made = functools.lru_cache(maxsize=limit)(one._make)

    def info() -> Any:
        return one._made.cache_info()

    yield "pseudonyms", Memory(size=lambda: info().currsize, limit=lambda: info().maxsize, put=put)


def _of_bytes(cache: Any) -> Memory:
    return _limited(cache, lambda: cache.size)


def _limited(holder: Any, size: Callable[[], int], name: str = "_limit") -> Memory:
    """Return the memory whose bound is an attribute of an object."""
    return Memory(size=size, limit=lambda: getattr(holder, name), put=functools.partial(setattr, holder, name))


_KINDS: dict[str, Callable[[Any], Memories]] = {
    "diagnosis.history.History": _history,
    "body.cache.BodyCache": _bodies,
    "turn.cache_key.KeyMemory": _keys,
    "diagnosis.engine.Engine": _loads,
    "hooks.notify.RecentLines": _lines,
    "output.journal.Pseudonyms": pseudonyms,
}
