"""Faults at real proxies: promises that hold are kept, and those that do not are found out."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from codex_faults import arm
from codex_faults.catalogue import catalogue
from codex_faults.fault import Fault, Profile
from codex_faults.perform import audit, perform
from codex_faults.scene import Scene
from codex_faults.seen import Seen

ONCE = Profile(warm=1, rounds=1, heavy_warm=1, heavy_rounds=1, parallel=5)


@pytest.fixture
async def arms(tmp_path: Path) -> AsyncIterator[tuple[arm.Arm, arm.Arm]]:
    """Both arms, with their proxies."""
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(arm.running(arm.OURS, tmp_path / "ours"))
        yield ours, await stack.enter_async_context(arm.running(arm.BARE, tmp_path / "bare"))


async def test_promises_are_kept(arms: tuple[arm.Arm, arm.Arm]) -> None:
    performed = [
        await perform(catalogue()[name], *arms, ONCE)
        for name in ("backend-cut-mid-event", "client-gone-mid-socket", "many-streams", "journal-renamed")
    ]
    audit(performed)

    assert [outcome.problems for outcome, _scene in performed] == [[]] * 4
    assert [len(outcome.seen) for outcome, _scene in performed] == [2, 2, 10, 8]
    assert performed[0][0].told["no_usage"] == 2


async def test_what_is_not_as_it_should_be_is_found_out(arms: tuple[arm.Arm, arm.Arm]) -> None:
    async def provoke(scene: Scene) -> list[Seen]:
        seen = await scene.whole(scene.turn(None, "rejected"))
        return [replace(seen, status=418 if scene.arm.name == arm.OURS else seen.status)]

    outcome, _ = await perform(Fault(name="a-lie", promise="It holds.", provoke=provoke), *arms, ONCE)

    assert outcome.client[0].startswith("turn 1: 418, ")
    assert outcome.journal == ["a-lie-00001 was told as cold, hit"]


async def test_a_fault_that_comes_to_no_end_is_one_that_was_not_kept(arms: tuple[arm.Arm, arm.Arm]) -> None:
    async def provoke(scene: Scene) -> list[Seen]:
        raise TimeoutError

    outcome, _ = await perform(Fault(name="no-end", promise="It holds.", provoke=provoke), *arms, ONCE)

    assert outcome.client == [
        "it came to no end: TimeoutError (arm ours)",
        "it came to no end: TimeoutError (arm bare)",
    ]


async def test_a_fault_of_another_system_is_skipped_with_a_reason(arms: tuple[arm.Arm, arm.Arm]) -> None:
    outcome, _ = await perform(replace(catalogue()["journal-disk-full"], system="plan9"), *arms, ONCE)

    assert outcome.skipped == "it can be brought about on plan9 only"
