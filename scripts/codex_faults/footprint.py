"""What a proxy has in memory, in open descriptors and in asyncio tasks, and when they have come back.

Tasks are told by the proxy itself on every system. Memory and descriptors are read from /proc, so they are known on
Linux alone; elsewhere they are said to be unknown, and are not judged.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codex_bench import meter

from codex_faults.arm import Arm

RATIO = 1.10
"""How much more memory a proxy may have after all repeats of a fault than after the first ones.

Where one without the addon grows too, as mitmproxy does with the most connections it has had, this is on top of that.
"""

_PATIENCE = 10.0  # seconds in which connections are closed that nobody uses any more
_PAUSE = 0.05  # seconds between two looks at another process, which cannot be waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes of memory and open descriptors, None where the system does not tell, and the names of the tasks."""

    memory: int | None
    descriptors: int | None
    tasks: tuple[str, ...]

    def is_within(self, base: "Footprint") -> bool:
        """Tells whether there are no more descriptors and tasks than at another time."""
        return (self.descriptors or 0) <= (base.descriptors or 0) and len(self.tasks) <= len(base.tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A proxy before and after a fault was repeated."""

    base: Footprint
    after: Footprint

    @property
    def ratio(self) -> float | None:
        """Memory after by memory before, None where it is unknown."""
        return self.after.memory / self.base.memory if self.after.memory and self.base.memory else None

    def problems(self, bare: "Return") -> Iterator[str]:
        """Yields a sentence for each thing that has not come back; `bare` is a proxy without the addon."""
        most = RATIO * max(1.0, bare.ratio or 1.0)
        if (ratio := self.ratio) is not None and ratio > most:
            yield f"memory is {ratio:.2f} times what it was (at most {most:.2f})"
        if (self.after.descriptors or 0) > (self.base.descriptors or 0):
            yield f"{self.after.descriptors} descriptors are open; before there were {self.base.descriptors}"
        if len(self.after.tasks) > len(self.base.tasks):
            more = Counter(self.after.tasks) - Counter(self.base.tasks)
            yield f"{len(self.after.tasks) - len(self.base.tasks)} tasks are left: {', '.join(more)}"


async def measured(arm: Arm) -> Footprint:
    """Returns the footprint of an arm's proxy as it is now."""
    tasks = tuple(await arm.tasks())
    if sys.platform != "linux":
        return Footprint(memory=None, descriptors=None, tasks=tasks)
    pid = arm.program.pid
    return Footprint(memory=meter.memory(pid), descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())), tasks=tasks)


async def settled(arm: Arm, base: Footprint) -> Footprint:
    """Returns the footprint once descriptors and tasks have come back, or after some seconds as it is then."""
    until = time.monotonic() + _PATIENCE
    while not (now := await measured(arm)).is_within(base) and time.monotonic() < until:
        await asyncio.sleep(_PAUSE)
    return now
