"""One fault at both fixtures, and what came of it."""

import asyncio
import sys
import time
from collections.abc import Sequence

from toolkit.probe import Footprint, NoAnswer, settled
from toolkit.process import NotStarted

from codex_faults.fault import Fault, Outcome, Profile, Return
from codex_faults.fault_run import FaultRun
from codex_faults.fixture import Fixture
from codex_faults.observation import differences

_PATIENCE = 120.0  # seconds that a fault may take each time
_FAULTS = (OSError, EOFError, NotStarted, NoAnswer)


async def run_fault(fault: Fault, addon: Fixture, bare: Fixture, profile: Profile) -> tuple[Outcome, FaultRun]:
    """Trigger a fault at both fixtures at once; also return the run with the addon, for `audit`."""
    started = time.monotonic()
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
        seconds=time.monotonic() - started,
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
