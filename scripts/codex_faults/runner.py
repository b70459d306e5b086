"""One fault at both fixtures, and what came of it."""

import asyncio
import sys
import time
from collections.abc import Sequence

from toolkit.probe import NoAnswer
from toolkit.process import NotStarted

from codex_faults.fault import Fault, Outcome, Profile
from codex_faults.fault_run import FaultRun
from codex_faults.fixture import Fixture
from codex_faults.footprint import Return, measured, settled
from codex_faults.observation import differences

_PATIENCE = 120.0  # seconds that a fault may take each time
_FAULTS = (OSError, EOFError, NotStarted, NoAnswer)


async def run_fault(fault: Fault, addon: Fixture, bare: Fixture, profile: Profile) -> tuple[Outcome, FaultRun]:
    """Trigger a fault at both fixtures at once; also return the run with the addon, for `audit`."""
    started = time.monotonic()
    one, other = [FaultRun(fixture, fault.name, profile.parallel) for fixture in (addon, bare)]
    if fault.system not in ("", sys.platform):
        return Outcome(fault=fault, skipped=f"it can be brought about on {fault.system} only"), one
    await asyncio.gather(_try(fault, one, profile), _try(fault, other, profile))
    outcome = await _outcome(fault, one, other)
    outcome.repeats, outcome.seconds = sum(profile.repeats(fault)), time.monotonic() - started
    return outcome, one


async def _outcome(fault: Fault, one: FaultRun, other: FaultRun) -> Outcome:
    broke = [f"it did not finish: {run.broke}" for run in (one, other) if run.broke]
    return Outcome(
        fault=fault,
        observed=one.observed,
        client=broke or [*differences(one.observed, other.observed), *one.background.problems],
        journal=[] if broke else await one.journal_problems(),
        memory=list(one.footprints.problems(other.footprints)) if one.footprints and other.footprints else [],
        verdicts=one.verdicts(),
        addon=one.footprints,
        bare=other.footprints,
    )


async def _try(fault: Fault, run: FaultRun, profile: Profile) -> None:
    try:
        await _repeat(fault, run, *profile.repeats(fault))
    except _FAULTS as error:
        run.broke = f"{type(error).__name__} {error} ({run.fixture.name})".replace("  ", " ")
    finally:
        run.breaks.release()
        await run.background.close()


async def _repeat(fault: Fault, run: FaultRun, warm: int, rounds: int) -> None:
    await run.background.turns()
    start = await measured(run.fixture.probe)
    await _trigger(fault, run, warm)
    base = await settled(run.fixture.probe, start)
    await _trigger(fault, run, rounds)
    if fault.lasts:
        run.footprints = Return(base=base, after=await settled(run.fixture.probe, base))
    await run.background.hits()


async def _trigger(fault: Fault, run: FaultRun, times: int) -> None:
    for _ in range(times):
        run.again()
        async with asyncio.timeout(_PATIENCE):
            observed, _ = await asyncio.gather(fault.trigger(run), _background(fault, run))
        run.observed += observed


async def _background(fault: Fault, run: FaultRun) -> None:
    if fault.background:
        await run.background.turns()


def audit(finished: Sequence[tuple[Outcome, FaultRun]]) -> None:
    """Look at the journal again at the end of all: no turn may have been told once more since."""
    for outcome, run in finished:
        if not outcome.journal and not outcome.skipped:
            outcome.journal += [f"at the end of all, {sentence}" for sentence in run.audit()]
