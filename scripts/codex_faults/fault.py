"""What a fault is, how often it is repeated at both fixtures, and what came of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field

from toolkit.probe import Footprint, NoAnswer, settled
from toolkit.process import NotStarted

from codex_faults.clients import Observation, differences
from codex_faults.fault_run import FaultRun
from codex_faults.fixture import Fixture

type Trigger = Callable[[FaultRun], Awaitable[list[Observation]]]

_PATIENCE = 120.0  # seconds that a fault may take each time
_FAULTS = (OSError, EOFError, NotStarted, NoAnswer)

RATIO = 1.10
"""How much more memory a proxy may have after all repeats of a fault than after the first ones.

Where one without the addon grows too, as mitmproxy does with the most connections it has had, this is on top of that.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong: its name, what is promised for it, and what triggers it once.

    `background`: ordinary turns go on at the same time; without it, the fault has them itself, where it can say when.
    `lasts`: the proxy continues, so that its footprint can be compared with the one before.
    `heavy`: each time is many turns, or takes seconds.
    `system`: the only system on which it can be triggered, as `sys.platform` names it; empty: any.
    """

    name: str
    promise: str
    trigger: Trigger
    _: KW_ONLY
    background: bool = True
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
        """Return how often a fault is repeated before and after the first look at the footprint."""
        return (self.heavy_warm, self.heavy_rounds) if fault.heavy else (self.warm, self.rounds)


SHORT = Profile(warm=5, rounds=15, heavy_warm=4, heavy_rounds=2, parallel=150)
LONG = Profile(warm=50, rounds=300, heavy_warm=6, heavy_rounds=10, parallel=1000)


@dataclass(frozen=True, slots=True)
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
        if more := self.after.tasks_since(self.base):
            yield f"{more.total()} tasks are left: {', '.join(more)}"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What clients saw and the journal has, and a sentence for each thing that is not as promised.

    `skipped` says why a fault could not be triggered here; then there is nothing else.
    """

    fault: Fault
    repeats: int = 0
    observed: Sequence[Observation] = ()
    client: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    memory: list[str] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=dict)
    addon: Return | None = None
    bare: Return | None = None
    skipped: str = ""

    @property
    def problems(self) -> list[str]:
        """All sentences; there are none if everything is as promised."""
        return [*self.client, *self.journal, *self.memory]

    def summaries(self) -> list[tuple[str, int]]:
        """Return what clients saw, in short, and how often."""
        return Counter(one.in_short() for one in self.observed).most_common()


async def run_fault(fault: Fault, addon: Fixture, bare: Fixture, profile: Profile) -> tuple[Outcome, FaultRun]:
    """Trigger a fault at both fixtures at once; also return the run with the addon, for `audit`."""
    runs = one, other = [FaultRun(fixture, fault.name, profile.parallel) for fixture in (addon, bare)]
    if fault.system not in ("", sys.platform):
        return Outcome(fault=fault, skipped=f"it can be brought about on {fault.system} only"), one
    back, bare_back = await asyncio.gather(*(_try(fault, run, profile) for run in runs))
    broke = [f"it did not finish: {run.broke}" for run in runs if run.broke]
    outcome = Outcome(
        fault=fault,
        observed=one.observed,
        client=broke or [*differences(one.observed, other.observed), *one.background.problems],
        journal=[] if broke else await one.journal_problems(),
        memory=list(back.problems(bare_back)) if back and bare_back else [],
        verdicts=one.verdicts(),
        addon=back,
        bare=bare_back,
        repeats=sum(profile.repeats(fault)),
    )
    return outcome, one


async def _try(fault: Fault, run: FaultRun, profile: Profile) -> Return | None:
    try:
        return await _repeat(fault, run, *profile.repeats(fault))
    except _FAULTS as error:
        run.broke = f"{type(error).__name__} {error} ({run.fixture.name})".replace("  ", " ")
        return None
    finally:
        run.breaks.release()
        await run.background.close()


async def _repeat(fault: Fault, run: FaultRun, warm: int, rounds: int) -> Return | None:
    """Trigger a fault so many times; return what came back of the proxy, None where it does not last."""

    async def measure() -> Footprint:
        state = await run.fixture.probe.ask(trim=True)
        return Footprint(memory=state["memory"], descriptors=state["descriptors"], tasks=tuple(state["tasks"]))

    await run.background.turns()
    start = await measure()
    await _trigger(fault, run, warm)
    base = await settled(measure, start)
    await _trigger(fault, run, rounds)
    back = Return(base, await settled(measure, base)) if fault.lasts else None
    await run.background.turns(hits=True)
    return back


async def _trigger(fault: Fault, run: FaultRun, times: int) -> None:
    for _ in range(times):
        run.again()
        async with asyncio.timeout(_PATIENCE):
            meanwhile = asyncio.ensure_future(run.background.turns() if fault.background else asyncio.sleep(0))
            try:
                run.observed += await fault.trigger(run)
                await meanwhile
            finally:  # or it would connect again once all has been closed
                meanwhile.cancel()
                await asyncio.wait([meanwhile])


def audit(finished: Sequence[tuple[Outcome, FaultRun]]) -> None:
    """Look at the journal again at the end of all: no turn may have been told once more since."""
    for outcome, run in finished:
        if not outcome.journal and not outcome.skipped:
            outcome.journal += [f"at the end of all, {sentence}" for sentence in run.audit()]
