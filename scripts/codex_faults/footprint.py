"""What a proxy has in memory, in open descriptors and in asyncio tasks, and whether they have come back.

Tasks are known on every system, memory and descriptors on Linux alone; elsewhere they are unknown and not judged.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from toolkit.probe import Probe

RATIO = 1.10
"""How much more memory a proxy may have after all repeats of a fault than after the first ones.

Where one without the addon grows too, as mitmproxy does with the most connections it has had, this is on top of that.
"""

_PATIENCE = 10.0  # seconds in which unused connections are closed
_PAUSE = 0.05  # seconds between two looks at another process, which cannot be waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Bytes of memory and open descriptors, None where the system does not tell, and the names of the tasks."""

    memory: int | None
    descriptors: int | None
    tasks: tuple[str, ...]

    def is_within(self, base: "Footprint") -> bool:
        """Tell whether there are no more descriptors and tasks than at another time."""
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
        """Yield a sentence for each thing that has not come back; `bare` is a proxy without the addon."""
        most = RATIO * max(1.0, bare.ratio or 1.0)
        if (ratio := self.ratio) is not None and ratio > most:
            yield f"memory is {ratio:.2f} times what it was (at most {most:.2f})"
        if (self.after.descriptors or 0) > (self.base.descriptors or 0):
            yield f"{self.after.descriptors} descriptors are open; before there were {self.base.descriptors}"
        if len(self.after.tasks) > len(self.base.tasks):
            more = Counter(self.after.tasks) - Counter(self.base.tasks)
            yield f"{len(self.after.tasks) - len(self.base.tasks)} tasks are left: {', '.join(more)}"


async def measured(probe: Probe) -> Footprint:
    """Return the footprint of a proxy as it is now."""
    state = await probe.ask(trim=True)
    return Footprint(memory=state["memory"], descriptors=state["descriptors"], tasks=tuple(state["tasks"]))


async def settled(probe: Probe, base: Footprint) -> Footprint:
    """Return the footprint once descriptors and tasks have come back, or after some seconds as it is then."""
    until = time.monotonic() + _PATIENCE
    while not (now := await measured(probe)).is_within(base) and time.monotonic() < until:
        await asyncio.sleep(_PAUSE)
    return now
