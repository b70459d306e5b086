"""The floor: what one pass over the bytes of a body costs, whatever is built on it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from codex_bench.conversation import Conversation

_PASSES: dict[str, Callable[[bytes], object]] = {
    "orjson.loads": orjson.loads,
    "sha256": hashlib.sha256,
    "blake2b": hashlib.blake2b,
}
_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds for one pass over the body, by what is done."""

    size: int
    seconds: dict[str, float]


def floor(size: int) -> Floor:
    """Returns the least that each pass over a body of this size took in many tries."""
    body = next(Conversation(1, size).bodies(1))
    return Floor(size, {name: _least(work, body) for name, work in _PASSES.items()})


def _least(work: Callable[[bytes], object], body: bytes) -> float:
    least, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        work(body)
        least = min(least, time.perf_counter() - started)
    return least
