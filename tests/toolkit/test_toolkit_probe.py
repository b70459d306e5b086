"""What the probe finds: the addon's memories as they are, objects by type, tasks, descriptors."""

import asyncio
import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from codex_soak.phases import LONG, SHORT, Plan
from codexcache.addon import CodexContinuity
from codexcache.diagnosis.history import HISTORY_BYTES
from toolkit import meter, probe_addon
from toolkit.probe import Footprint, settled
from toolkit.probe_addon import Memory, find

DIAGNOSIS = {"history", "loads", "first_turns", "patterns", "quotes"}
NAMES = {*DIAGNOSIS, "bodies", "shared_prefixes", "turns", "lines", "pseudonyms"}


@pytest.fixture
def found() -> Iterator[dict[str, Memory]]:
    """The memories of one addon; those that are left of other tests are not looked at."""
    others = gc.get_objects()
    known = {id(one) for one in others}
    addon = CodexContinuity()
    yield find(one for one in gc.get_objects() if id(one) not in known)
    assert addon.name  # it has to be there as long as its memories are looked at


def test_every_memory_is_found_and_a_new_addon_remembers_nothing_but_the_pseudonym_of_its_start(
    found: dict[str, Memory],
) -> None:
    assert {name: memory.size() for name, memory in found.items()} == {**dict.fromkeys(NAMES, 0), "pseudonyms": 1}
    assert found["history"].limit() == HISTORY_BYTES


@pytest.mark.parametrize("plan", [SHORT, LONG], ids=["short", "long"])
def test_a_plan_makes_memories_smaller_than_they_are(plan: Plan, found: dict[str, Memory]) -> None:
    assert all(0 < limit < found[name].limit() for name, limit in plan.bounds.items())


def test_another_bound_holds(found: dict[str, Memory]) -> None:
    for memory in found.values():
        memory.put(10)

    assert {name: memory.limit() for name, memory in found.items()} == dict.fromkeys(NAMES, 10)


def test_only_objects_of_the_addon_and_of_mitmproxy_are_counted() -> None:
    assert probe_addon.by_type([CodexContinuity(), NAMES, {}]) == {"CodexContinuity": 1}


async def test_tasks_are_those_of_the_others() -> None:
    async def waiting() -> None:
        await asyncio.Event().wait()

    before = probe_addon.tasks()
    task = asyncio.create_task(waiting())
    during = probe_addon.tasks()
    task.cancel()

    assert len(during) == len(before) + 1
    assert any(name.endswith("waiting") for name in during)


@pytest.mark.skipif(not meter.is_supported(), reason="descriptors and memory are read from /proc, which only Linux has")
async def test_an_open_file_is_a_descriptor_more(tmp_path: Path) -> None:
    before = probe_addon.look()
    with (tmp_path / "file").open("w"):
        during = probe_addon.look()

    assert during["descriptors"] == before["descriptors"] + 1
    assert probe_addon.look(trim=True)["memory"] > 1_000_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only glibc tells")
def test_a_large_object_is_counted_as_long_as_it_is_there() -> None:
    before = meter.handed_out() or 0
    large = bytearray(50_000_000)
    during = meter.handed_out() or 0
    size = len(large)
    del large
    after = meter.handed_out() or 0

    assert during - before >= size
    assert after - before < size // 2


def test_free_memory_is_given_back_and_counted_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed = list[int]()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(malloc_trim=trimmed.append))
    meter.give_back()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    meter.give_back()

    assert (trimmed, meter.handed_out()) == ([0], None)


async def test_what_has_come_back_is_within_what_was_before() -> None:
    def footprint(memory: int, descriptors: int, *tasks: str) -> Footprint:
        return Footprint(memory=memory, descriptors=descriptors, tasks=tasks)

    measured = [footprint(100, 11, "a"), footprint(100, 10, "a", "b"), footprint(200, 9, "a")]

    async def measure() -> Footprint:
        return measured.pop(0)

    assert (await settled(measure, footprint(100, 10, "a"))).descriptors == 9
    assert measured == []
