"""What a fault is, and how often it is repeated."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from codex_faults.scene import Scene
from codex_faults.seen import Seen

Provoke = Callable[[Scene], Awaitable[list[Seen]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong: its name, what is promised for it, and how it is brought about once.

    `beside`: ordinary turns are had at the same time; others are had by the fault itself where it can say when.
    `lasts`: the proxy goes on, so that what it has in memory can be compared with what it had.
    `heavy`: each time is many turns, or takes seconds.
    `system`: the only system on which it can be brought about, as `sys.platform` names it; empty: any.
    """

    name: str
    promise: str
    provoke: Provoke
    beside: bool = True
    lasts: bool = True
    heavy: bool = False
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How often faults are repeated: to warm up, and then until the footprint is compared; and how many at once."""

    warm: int
    rounds: int
    heavy_warm: int
    heavy_rounds: int
    parallel: int

    def repeats(self, fault: Fault) -> tuple[int, int]:
        """Returns how often a fault is repeated before and after the first look at the footprint."""
        return (self.heavy_warm, self.heavy_rounds) if fault.heavy else (self.warm, self.rounds)


SHORT = Profile(warm=5, rounds=15, heavy_warm=4, heavy_rounds=2, parallel=150)
LONG = Profile(warm=50, rounds=300, heavy_warm=6, heavy_rounds=10, parallel=1000)
