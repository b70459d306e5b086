"""A small soak with a real mitmdump: what is promised of it, and that a leak is found out."""

from pathlib import Path

import pytest
from codex_soak import phases
from codex_soak.phases import SHORT, Plan
from codex_soak.promises import Observed, Sample, judge, when_full
from toolkit import bare_addon, meter
from toolkit.probe import NoAnswer
from toolkit.program import ADDON

pytestmark = pytest.mark.skipif(not meter.is_supported(), reason="the soak reads /proc, which only Linux has")

BOUNDS = {name: limit // 10 for name, limit in SHORT.bounds.items()} | {"bodies": 600_000, "shared_prefixes": 400_000}
SMALL = Plan(waves=3, conversations=15, parallel=4, bounds=BOUNDS)
JOURNAL, LEFT = "every turn is in the journal once", "no flow, turn or socket is left"
SHORT_TERM = ("no descriptor is left", "no task is left", LEFT, JOURNAL)
"""The promises that so short a soak can judge."""

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


def kept(observed: Observed) -> dict[str, bool]:
    """Return which promises were kept."""
    return {promise.name: promise.kept for promise in judge(observed)}


async def test_every_kind_of_client_comes_and_goes_without_a_trace(tmp_path: Path) -> None:
    samples = list[Sample]()
    observed, counters = await phases.run(SMALL, tmp_path, samples.append)
    promises = kept(observed)

    assert {name: promises[name] for name in SHORT_TERM} == dict.fromkeys(SHORT_TERM, True)
    assert len(when_full(observed.quiet)) > 0
    assert samples == observed.quiet
    assert {kind.transport for kind in counters.turns} == {"http", "websocket"}


async def test_an_addon_that_keeps_flows_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "leaking.py").write_text(LEAKING)
    observed, _ = await phases.run(SMALL, tmp_path, lambda sample: None, tmp_path / "leaking.py")

    assert (kept(observed)[LEFT], kept(observed)[JOURNAL]) == (False, True)


async def test_turns_that_are_not_written_down_are_missed(tmp_path: Path) -> None:
    nothing = Plan(waves=1, conversations=3, parallel=1, bounds={})
    observed, _ = await phases.run(nothing, tmp_path, lambda sample: None, Path(bare_addon.__file__))

    assert (kept(observed)[LEFT], kept(observed)[JOURNAL]) == (True, False)


async def test_a_bound_of_an_unknown_memory_is_reported(tmp_path: Path) -> None:
    unknown = Plan(waves=1, conversations=1, parallel=1, bounds={"nothing": 1})
    with pytest.raises(NoAnswer, match="KeyError: 'nothing'"):
        await phases.run(unknown, tmp_path, lambda sample: None)
