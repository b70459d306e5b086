"""How often faults are repeated."""

from codex_faults.fault import LONG, SHORT, Fault
from codex_faults.fault_run import FaultRun
from codex_faults.observation import Observation


async def nothing(run: FaultRun) -> list[Observation]:
    """Trigger nothing."""
    return []


def test_heavy_faults_are_repeated_less_often() -> None:
    light, heavy = (Fault("a-b", "It holds.", nothing, heavy=heavy) for heavy in (False, True))

    assert (SHORT.repeats(light), SHORT.repeats(heavy)) == ((5, 15), (4, 2))


def test_the_long_profile_is_longer_in_everything() -> None:
    pairs = [(getattr(SHORT, name), getattr(LONG, name)) for name in ("warm", "rounds", "heavy_warm", "heavy_rounds")]

    assert all(short < long for short, long in pairs)
    assert LONG.parallel == 1000
