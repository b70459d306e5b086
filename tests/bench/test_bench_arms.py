"""The benchmark with real proxies: every arm is measured, must do its work, and has a core of its own."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from codex_bench.arms import Idle, perform, separate_cores
from codex_bench.plan import BARE, NAIVE, OURS, SCRIPTS, Scenario
from toolkit import meter

metered = pytest.mark.skipif(not meter.is_supported(), reason="another process's CPU time is told by Linux alone")
NEEDED = "sched_getaffinity"
several = pytest.mark.skipif(
    not hasattr(os, NEEDED) or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two cores"
)

TURNS = Scenario(kind="turns", size=10_000, spelling="spaced", rounds=2, warm=2, events=20, settling=0)


@metered
async def test_each_arm_has_a_figure_for_each_round(tmp_path: Path) -> None:
    arms = {BARE: SCRIPTS[BARE], OURS: SCRIPTS[OURS]}
    found = await perform(TURNS, arms, tmp_path)

    turns = ("cold", "warm", "cold_first_byte", "warm_first_byte", "event")
    assert {name: {quantity: len(of[quantity]) for quantity in of} for name, of in found.items()} == dict.fromkeys(
        arms, dict.fromkeys(turns, 2) | {"memory": 1}
    )
    assert all(figure > 0 for of in found.values() for rounds in of.values() for figure in rounds)


@metered
async def test_frames_are_counted_for_each_arm(tmp_path: Path) -> None:
    scenario = replace(TURNS, kind="frames", warm=0)
    found = await perform(scenario, {BARE: SCRIPTS[BARE], NAIVE: SCRIPTS[NAIVE]}, tmp_path)

    assert [len(found[name]["frame"]) for name in (BARE, NAIVE)] == [2, 2]


@metered
async def test_each_start_has_a_figure_but_for_the_first(tmp_path: Path) -> None:
    scenario = Scenario(kind="start", rounds=1)
    found = await perform(scenario, {BARE: SCRIPTS[BARE], OURS: SCRIPTS[OURS]}, tmp_path)

    assert [(len(found[name]["connected"]), len(found[name]["start"])) for name in (BARE, OURS)] == [(1, 1)] * 2


@metered
async def test_another_checkout_is_held_to_write_its_journal(tmp_path: Path) -> None:
    elsewhere = tmp_path / SCRIPTS[OURS].name
    shutil.copy(SCRIPTS[NAIVE], elsewhere)

    with pytest.raises(Idle, match="'old' wrote 0 of 9 turns"):
        await perform(TURNS, {"old": elsewhere}, tmp_path / "home")


@metered
async def test_an_arm_that_does_nothing_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(Idle, match="put no key in the body"):
        await perform(TURNS, {NAIVE: SCRIPTS[BARE]}, tmp_path)


@several
def test_another_process_gets_the_core_that_this_one_leaves() -> None:
    before = os.sched_getaffinity(0)
    command = [sys.executable, "-c", "input()"]
    with separate_cores() as to_its_core, subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        to_its_core(other.pid)
        mine, its = os.sched_getaffinity(0), os.sched_getaffinity(other.pid)
        other.kill()
        other.wait()
        to_its_core(other.pid)  # which has ended, and so has no place any more

    assert mine | its == before
    assert (len(its), mine & its) == (1, set())
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("cores", [None, {0}])
def test_where_there_is_nothing_to_divide_all_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch, cores: set[int] | None
) -> None:
    if cores is None:
        monkeypatch.delattr(os, NEEDED, raising=False)
    else:
        monkeypatch.setattr(os, NEEDED, lambda pid: cores, raising=False)
    with separate_cores() as to_its_core:
        to_its_core(os.getpid())
