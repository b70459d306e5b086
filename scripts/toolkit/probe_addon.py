"""A mitmproxy addon that looks at the proxy from within, whenever it is asked to.

It listens on a free port of loopback and prints which. Each question is a line of JSON with arguments of `look`, and
each answer is a line too. Objects are found by the garbage collector, so forgotten ones are found as well.

What the addon remembers is bounded. The bounds are no options, because users need not set them, so this module reaches
for them inside. A test compares it with the addon as it is.
"""

import asyncio
import functools
import gc
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from toolkit import meter
from toolkit.process import LOOPBACK

_COUNTED = ("codexcache.", "mitmproxy.")


class Probe:
    """Answers questions about the process."""

    name = "probe"

    async def running(self) -> None:
        """Listen; mitmproxy calls this when its servers are up."""
        self._server = await asyncio.start_server(self._answer, LOOPBACK, 0)
        print(f"probe listens on {self._server.sockets[0].getsockname()[1]}", flush=True)

    def done(self) -> None:
        """Stop listening; mitmproxy calls this when it ends."""
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            try:
                found = look(**orjson.loads(line))
            except (AttributeError, KeyError) as error:  # the addon's memories are not what they were
                found = {"error": f"{type(error).__name__}: {error}"}
            writer.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))
        writer.close()


def look(*, bounds: Mapping[str, int] | None = None, trim: bool = False) -> dict[str, Any]:
    """Return the state of this process; sizes are in bytes, None where the system does not tell.

    With `bounds`, these limits replace the memories' own. With `trim`, garbage is collected and free memory given back
    to the system before memory is measured. Objects are counted without garbage in any case. Raises KeyError for the
    bound of an unknown memory, AttributeError where a memory has changed its shape.
    """
    gc.unfreeze()  # the addon had itself left out
    if trim:
        gc.collect()
        meter.give_back()
    memory = meter.memory(os.getpid()) if meter.is_supported() else None
    gc.collect()
    objects = gc.get_objects()
    memories = find(objects)
    for name, limit in (bounds or {}).items():
        memories[name].put(limit)
    sizes = {name: {"size": one.size(), "limit": one.limit()} for name, one in memories.items()}
    return {
        "memory": memory,
        "descriptors": descriptors(),
        "blocks": sys.getallocatedblocks(),
        "allocated": meter.handed_out(),
        "types": by_type(objects),
        "memories": sizes,
        "tasks": tasks(),
    }


def by_type(objects: Iterable[object]) -> dict[str, int]:
    """Return how many objects there are of each type of the addon and of mitmproxy."""
    counts = Counter(map(type, objects))
    return {
        kind.__qualname__: count
        for kind, count in counts.items()
        if isinstance(module := kind.__module__, str) and module.startswith(_COUNTED)  # some have a descriptor there
    }


def tasks() -> list[str]:
    """Return what the event loop's tasks run, except for the current one."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return sorted(getattr(task.get_coro(), "__qualname__", task.get_name()) for task in others)


def descriptors() -> int | None:
    """Return how many descriptors are open, without the one that it takes to look."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1 if meter.is_supported() else None


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
    ("codexcache.diagnosis.learned", "Learned"): lambda one: {"loads": _limited(lambda: len(one._keys), one)},
    ("codexcache.diagnosis.engine", "FirstTurns"): lambda one: {"first_turns": _limited(lambda: len(one._known), one)},
    ("codexcache.diagnosis.patterns", "RecentTurns"): lambda one: {"patterns": _limited(lambda: len(one._places), one)},
    ("codexcache.diagnosis.quotes", "Said"): lambda one: {"quotes": _limited(lambda: len(one._known), one)},
    ("codexcache.hooks.notify", "RecentLines"): lambda one: {"lines": _lines(one)},
    ("codexcache.output.journal", "Pseudonyms"): lambda one: {"pseudonyms": _pseudonyms(one)},
}


addons = [Probe()]
