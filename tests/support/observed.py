"""What a soak could have observed, without any traffic."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codex_soak.promises import Journal, Kind, Observed, Sample

TASKS = ("Servers.run", "Master.run")
SENT = {Kind("responses", "http", 200): 1_990, Kind("compact", "http", 200): 10}


def sample(turns: int, *, memory: float = 1e8, blocks: float = 4e5, filled: float = 0) -> Sample:
    """Return a sample after so many turns, with memories that are filled to a share."""
    memories = {name: {"size": int(min(1.0, filled) * 1_000), "limit": 1_000} for name in ("history", "bodies")}
    return Sample(
        at=turns / 100,
        turns=turns,
        memory=int(memory),
        descriptors=8,
        blocks=int(blocks),
        allocated=30_000_000,
        tasks=TASKS,
        memories=memories,
        types={"Exchange": 1, "Record": 700} if turns else {},
    )


def observed(*, memory: float = 0, blocks: float = 0, fills_at: int = 500) -> Observed:
    """Return a soak of 2,000 turns, each of which leaves so many bytes and blocks behind."""
    quiet = [
        sample(turns, memory=1e8 + memory * turns, blocks=4e5 + blocks * turns, filled=turns / fills_at)
        for turns in range(50, 2_001, 50)
    ]
    return Observed(before=sample(0), quiet=quiet, sent=SENT, written=written(SENT))


def after(seen: Observed, **members: Any) -> Observed:
    """Return the same with other members in the last sample."""
    return replace(seen, quiet=[*seen.quiet[:-1], replace(seen.after, **members)])


def written(kinds: Mapping[Kind, int], *, doubled: int = 0) -> Journal:
    """Return a journal with turns of these kinds, some of their numbers twice."""
    total = sum(kinds.values())
    numbers = Counter(range(1, total + 1 - doubled))
    return Journal(numbers + Counter(range(1, doubled + 1)), Counter(kinds))
