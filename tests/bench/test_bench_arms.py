"""The benchmark with real proxies: every arm is measured, and must do its work."""

from pathlib import Path

import pytest
from codex_bench.arms import perform
from codex_bench.plan import BARE, DIRECT, NAIVE, OURS, SCRIPTS, Scenario
from codex_bench.rounds import Idle
from toolkit import meter

pytestmark = pytest.mark.skipif(not meter.is_supported(), reason="another process's CPU time is told by Linux alone")

TURNS = Scenario(kind="turns", size=10_000, rounds=2, warm=2, events=20)


async def test_each_arm_has_a_figure_for_each_round(tmp_path: Path) -> None:
    arms = {DIRECT: Path(), BARE: SCRIPTS[BARE], OURS: SCRIPTS[OURS]}
    found = await perform(TURNS, arms, tmp_path)

    assert {name: (len(one.cold), len(one.warm), len(one.event)) for name, one in found.items()} == dict.fromkeys(
        arms, (2, 2, 2)
    )
    assert (found[DIRECT].memory, found[OURS].memory > 1_000_000, min(found[OURS].warm) > 0) == (0, True, True)


async def test_frames_are_counted_for_each_arm(tmp_path: Path) -> None:
    scenario = Scenario(kind="frames", size=10_000, rounds=2, warm=0, events=20)
    found = await perform(scenario, {BARE: SCRIPTS[BARE], NAIVE: SCRIPTS[NAIVE]}, tmp_path)

    assert [len(found[name].frames_a_second) for name in (BARE, NAIVE)] == [2, 2]


async def test_an_arm_that_does_nothing_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(Idle, match="put no key in the body"):
        await perform(TURNS, {NAIVE: SCRIPTS[BARE]}, tmp_path)
