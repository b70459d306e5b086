"""One fault at both arms, and what came of it."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from codex_demo.proxies import NotStarted

from codex_faults.arm import Arm
from codex_faults.fault import Fault, Profile
from codex_faults.footprint import Return, measured, settled
from codex_faults.outcome import Outcome
from codex_faults.scene import Scene
from codex_faults.seen import Seen, differences
from codex_faults.talk import Refused

_PATIENCE = 120.0  # seconds that a fault may take each time
_FAULTS = (OSError, TimeoutError, Refused, NotStarted)


@dataclass(slots=True)
class _Performance:
    """A fault at one arm."""

    scene: Scene
    seen: list[Seen] = field(default_factory=list)
    back: Return | None = None
    broke: str = ""


async def perform(fault: Fault, ours: Arm, bare: Arm, profile: Profile) -> tuple[Outcome, Scene]:
    """Brings a fault about at both arms at once; also returns our scene, whose journal can be looked at again."""
    started = time.monotonic()
    one, other = [_Performance(Scene(arm, fault.name, profile.parallel)) for arm in (ours, bare)]
    if fault.system not in ("", sys.platform):
        return Outcome(fault=fault, skipped=f"it can be brought about on {fault.system} only"), one.scene
    await asyncio.gather(_try(fault, one, profile), _try(fault, other, profile))
    return await _outcome(fault, one, other, profile, started), one.scene


async def _outcome(fault: Fault, one: _Performance, other: _Performance, profile: Profile, started: float) -> Outcome:
    broke = [f"it came to no end: {part.broke}" for part in (one, other) if part.broke]
    return Outcome(
        fault=fault,
        repeats=sum(profile.repeats(fault)),
        seen=one.seen,
        client=broke or [*differences(one.seen, other.seen), *one.scene.ordinary.problems],
        journal=[] if broke else await one.scene.owed(),
        memory=list(one.back.problems(other.back)) if one.back and other.back else [],
        told=one.scene.told(),
        ours=one.back,
        bare=other.back,
        seconds=time.monotonic() - started,
    )


async def _try(fault: Fault, part: _Performance, profile: Profile) -> None:
    try:
        await _repeat(fault, part, *profile.repeats(fault))
    except _FAULTS as error:
        part.broke = f"{type(error).__name__} {error} (arm {part.scene.arm.name})".replace("  ", " ")
    finally:
        part.scene.breaks.release()
        await part.scene.ordinary.close()


async def _repeat(fault: Fault, part: _Performance, warm: int, rounds: int) -> None:
    scene = part.scene
    await scene.ordinary.turns()
    start = await measured(scene.arm)
    await _provoke(fault, part, warm)
    base = await settled(scene.arm, start)
    await _provoke(fault, part, rounds)
    if fault.lasts:
        part.back = Return(base=base, after=await settled(scene.arm, base))
    await scene.ordinary.hits()


async def _provoke(fault: Fault, part: _Performance, times: int) -> None:
    scene = part.scene
    for _ in range(times):
        scene.again()
        async with asyncio.timeout(_PATIENCE):
            seen, _ = await asyncio.gather(fault.provoke(scene), _beside(fault, scene))
        part.seen += seen


async def _beside(fault: Fault, scene: Scene) -> None:
    if fault.beside:
        await scene.ordinary.turns()


def audit(outcomes: Sequence[tuple[Outcome, Scene]]) -> None:
    """Looks at the journal again, at the end of all: no turn may have been told once more since."""
    for outcome, scene in outcomes:
        if not outcome.journal and not outcome.skipped:
            outcome.journal += [f"at the end of all, {sentence}" for sentence in scene.audit()]
