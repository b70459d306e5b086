"""What lives in a Python process: objects by type, tasks, descriptors, bytes.

Objects are found by the garbage collector, not by the way to them, so what is forgotten somewhere is found as well.
"""

import asyncio
import gc
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from codex_bench import meter

from codex_soak import allocator

COUNTED = ("codexcache.", "mitmproxy.")
"""Modules whose objects are counted by type."""


def objects() -> list[Any]:
    """Return all objects that could be part of a cycle."""
    return gc.get_objects()


def by_type(found: Iterable[object]) -> dict[str, int]:
    """Return how many objects there are of each counted type."""
    counts = Counter(map(type, found))
    return {kind.__qualname__: count for kind, count in counts.items() if kind.__module__.startswith(COUNTED)}


def tasks() -> list[str]:
    """Return what the event loop's tasks run, but for the one that asks."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return sorted(getattr(task.get_coro(), "__qualname__", task.get_name()) for task in others)


def vitals() -> dict[str, int | None]:
    """Return what the process has: descriptors, threads, and what both allocators handed out."""
    return {
        "descriptors": descriptors(),
        "threads": threading.active_count(),
        "blocks": sys.getallocatedblocks(),
        "allocated": allocator.handed_out(),
    }


def descriptors() -> int:
    """Return how many descriptors are open, but for that of the folder in which they stand."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1


def resident() -> int:
    """Return the bytes of memory that the process has."""
    return meter.memory(os.getpid())
