"""The course of a soak: a look at the proxy before anyone comes, amid each wave of clients, and after each."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from codex_demo.proxies import ADDON

from codex_soak import stage
from codex_soak.crowd import play
from codex_soak.plan import Plan
from codex_soak.tally import Tally, read_journal
from codex_soak.verdict import Soaked
from codex_soak.watch import Sample, Watch

type Say = Callable[[Sample], None]

_PATIENCE = 5.0  # seconds in which the proxy lets go of its last clients
_PAUSE = 0.05


async def run(plan: Plan, home: Path, say: Say, script: Path = ADDON) -> tuple[Soaked, Tally]:
    """Run a soak with its files in a folder; return what was seen, and what the clients did."""
    tally, amid, between = Tally(), list[Sample](), list[Sample]()
    async with stage.running(home, plan.bounds, script) as on:
        before = await on.watch.sample(0)

        async def busy() -> None:
            amid.append(await on.watch.sample(tally.total))

        async def quiet() -> None:
            between.append(await _settled(on.watch, before, tally.total))
            say(between[-1])

        await play(plan, on.address, tally, busy, quiet)
        written = read_journal(on.journal.read_bytes().splitlines() if on.journal.exists() else [])
    return Soaked(before=before, busy=amid, quiet=between, sent=tally.turns, written=written), tally


async def _settled(watch: Watch, before: Sample, turns: int) -> Sample:
    """Look until the proxy is as it was before, or until it has had time enough for that."""
    end = asyncio.get_running_loop().time() + _PATIENCE
    while (sample := await watch.sample(turns)) and not _is_as_before(sample, before):
        if asyncio.get_running_loop().time() > end:
            break
        await asyncio.sleep(_PAUSE)
    return sample


def _is_as_before(sample: Sample, before: Sample) -> bool:
    return sample.descriptors <= before.descriptors and not Counter(sample.tasks) - Counter(before.tasks)
