"""A small soak with a real mitmdump: what is promised of it, and that a leak is found out."""

from pathlib import Path

import pytest
from codex_bench import meter
from codex_bench.arms import BARE, SCRIPTS
from codex_demo.proxies import ADDON, NotStarted
from codex_soak import course
from codex_soak.plan import SHORT, Plan
from codex_soak.verdict import Soaked, judge, when_full
from codex_soak.watch import Blind, Sample

pytestmark = pytest.mark.skipif(not meter.is_supported(), reason="the soak reads /proc, which only Linux has")

BOUNDS = {name: limit // 20 for name, limit in SHORT.bounds.items()} | {"bodies": 600_000, "beginnings": 400_000}
SMALL = Plan(waves=3, conversations=15, lanes=4, bounds=BOUNDS)
JOURNAL, LEFT = "every turn is in the journal once", "no flow, turn or socket is left"
TOLD = ("no descriptor is left", "no task is left", LEFT, JOURNAL)
"""The promises that so short a soak can tell anything of."""

LEAKING = f"""
import sys
sys.path.insert(0, {str(ADDON.parent)!r})
from codexcache.addon import CodexContinuity

class Leak:
    kept = []

    def request(self, flow):
        self.kept.append(flow)

addons = [CodexContinuity(), Leak()]
"""


def kept(soaked: Soaked) -> dict[str, bool]:
    """Return which promises were kept."""
    return {promise.name: promise.kept for promise in judge(soaked)}


async def test_every_kind_of_client_comes_and_goes_without_a_trace(tmp_path: Path) -> None:
    samples = list[Sample]()
    soaked, tally = await course.run(SMALL, tmp_path, samples.append)
    promises = kept(soaked)

    assert {name: promises[name] for name in TOLD} == dict.fromkeys(TOLD, True)
    assert len(when_full(soaked.quiet)) > 0
    assert samples == soaked.quiet
    assert {kind.transport for kind in tally.turns} == {"http", "websocket"}


async def test_an_addon_that_keeps_flows_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "leaking.py").write_text(LEAKING)
    soaked, _ = await course.run(SMALL, tmp_path, lambda sample: None, tmp_path / "leaking.py")

    assert (kept(soaked)[LEFT], kept(soaked)[JOURNAL]) == (False, True)


async def test_turns_that_are_not_written_down_are_missed(tmp_path: Path) -> None:
    nothing = Plan(waves=1, conversations=3, lanes=1, bounds={})
    soaked, _ = await course.run(nothing, tmp_path, lambda sample: None, SCRIPTS[BARE])

    assert (kept(soaked)[LEFT], kept(soaked)[JOURNAL]) == (True, False)


async def test_a_proxy_that_does_not_start_is_said_not_to(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("no python")

    with pytest.raises(NotStarted, match="mitmdump did not start"):
        await course.run(SMALL, tmp_path, lambda sample: None, tmp_path / "broken.py")


async def test_a_probe_that_sees_nothing_says_so(tmp_path: Path) -> None:
    unknown = Plan(waves=1, conversations=1, lanes=1, bounds={"nothing": 1})

    with pytest.raises(Blind, match="KeyError: 'nothing'"):
        await course.run(unknown, tmp_path, lambda sample: None)
