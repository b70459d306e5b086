"""The phases of a soak: backend and proxy started, then samples before any client, during each wave, and after it."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from toolkit import probe
from toolkit.process import ADDON, LOOPBACK, Proxy, start, start_mitmdump

from codex_soak.counters import Counters, read_journal
from codex_soak.plan import Plan
from codex_soak.promises import Observed
from codex_soak.runner import run_clients
from codex_soak.samples import Sample, Sampler

_PATIENCE = 5.0  # seconds in which the proxy lets go of its last clients
_PAUSE = 0.05


async def run(
    plan: Plan, home: Path, report: Callable[[Sample], None], script: Path = ADDON
) -> tuple[Observed, Counters]:
    """Run a soak with its files in a folder; return what was observed, and what the clients did."""
    counters, busy, quiet, journal = Counters(), list[Sample](), list[Sample](), home / "journal.jsonl"
    async with _running(home, journal, plan.bounds, script) as (proxy, sampler):
        before = await sampler.take(0)

        async def during() -> None:
            busy.append(await sampler.take(counters.total))

        async def after() -> None:
            quiet.append(await _settled(sampler, before, counters.total))
            report(quiet[-1])

        await run_clients(plan, proxy, counters, during, after)
        lines = journal.read_bytes().splitlines() if journal.exists() else []
    written = read_journal(lines)
    return Observed(before=before, busy=busy, quiet=quiet, sent=counters.turns, written=written), counters


async def _settled(sampler: Sampler, before: Sample, turns: int) -> Sample:
    """Take samples until the proxy is as it was before, or has had enough time for that."""
    end = asyncio.get_running_loop().time() + _PATIENCE
    while not _is_as_before(sample := await sampler.take(turns), before):
        if asyncio.get_running_loop().time() > end:
            break
        await asyncio.sleep(_PAUSE)
    return sample


def _is_as_before(sample: Sample, before: Sample) -> bool:
    return sample.descriptors <= before.descriptors and not Counter(sample.tasks) - Counter(before.tasks)


@asynccontextmanager
async def _running(
    home: Path, journal: Path, bounds: Mapping[str, int], script: Path
) -> AsyncIterator[tuple[Proxy, Sampler]]:
    """Run the backend and mitmdump with the addon until the block ends, with these bounds for the addon's memories."""
    options = {
        "codex_journal": journal,
        "codex_redact": "on",
        "codex_learn": "temperature",
        "termlog_verbosity": "error",
    }
    command: list[str | Path] = [sys.executable, "-m", "codex_soak.backend", home / "backend"]
    async with await start(command, stdin=subprocess.PIPE) as backend:
        port = (await backend.says(r"^(\d+)$"))[1]
        async with (
            await start_mitmdump(
                home / "proxy",
                modes=[f"upstream:http://{LOOPBACK}:{port}"],
                upstream_ca=home / "backend" / "ca.pem",
                scripts=[script, probe.ADDON],
                options=options,
            ) as proxy,
            await probe.connect(proxy.program) as asked,
        ):
            await asked.ask(bounds=bounds)
            yield proxy, Sampler(asked)
