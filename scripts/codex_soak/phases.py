"""The phases of a soak: backend and proxy started, then samples before any client and after each wave.

In a wave, many clients have their conversations at the same time. Between two waves no client is connected: what the
proxy holds then is its own, and can be compared from wave to wave.

The addon bounds what it remembers. Memory can only be flat once those bounds are reached, and once what is kept is no
longer the long conversations of the beginning but the ends of thousands. A soak does not get that far with the real
bounds, so the probe sets smaller ones; the long soak still fills the largest memory of bodies.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from toolkit import probe
from toolkit.client import FAULTS
from toolkit.process import LOOPBACK, Proxy, start, start_mitmdump
from toolkit.program import ADDON

from codex_soak.client import Client, WrongAnswer
from codex_soak.promises import Counters, Observed, Sample, read_journal
from codex_soak.scenario import profile

_PATIENCE = 120.0  # seconds that one conversation may take


class Broken(Exception):
    """A conversation broke; the text says which, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`waves` of so many `conversations` each, `parallel` of them at a time.

    `bounds` replace those of the memories, by the names that `toolkit.probe_addon` gives them.
    """

    waves: int
    conversations: int
    parallel: int
    bounds: Mapping[str, int]


_SHORT = {
    "history": 2 << 20,
    "bodies": 2 << 20,
    "shared_prefixes": 1 << 20,
    "turns": 600,
    "loads": 75,
    "first_turns": 75,
    "patterns": 150,
    "quotes": 600,
    "lines": 300,
    "pseudonyms": 300,
}
_LONG = {"history": 16 << 20, "turns": 16_000, "loads": 3_000, "patterns": 3_000, "quotes": 12_000}

SHORT = Plan(waves=40, conversations=45, parallel=8, bounds=_SHORT)
LONG = Plan(waves=40, conversations=200, parallel=12, bounds=_LONG)


_LOOKS, _PAUSE = 12, 0.25
"""Looks in a row that have to show as many open files, and the seconds between two."""


async def run(
    plan: Plan, home: Path, report: Callable[[Sample], None], script: Path = ADDON
) -> tuple[Observed, Counters]:
    """Run a soak with its files in a folder; return what was observed, and what the clients did.

    Raises Broken for the first conversation that breaks, which ends the others.
    """
    counters, quiet, journal = Counters(), list[Sample](), home / "journal.jsonl"
    started = time.monotonic()
    async with _running(home, journal, plan.bounds, script) as (proxy, asked):

        async def sample() -> Sample:
            found = await asked.ask()
            found["tasks"] = tuple(found["tasks"])
            return Sample(at=time.monotonic() - started, turns=counters.total, **found)

        before = await _steady(sample)
        for wave in range(plan.waves):
            numbers = range(wave * plan.conversations, (wave + 1) * plan.conversations)
            await _wave(numbers, plan.parallel, proxy, counters)
            quiet.append(await probe.settled(sample, before))
            report(quiet[-1])
        lines = journal.read_bytes().splitlines() if journal.exists() else []
    written = read_journal(lines)
    return Observed(before=before, quiet=quiet, sent=counters.turns, written=written), counters


async def _steady(measure: Callable[[], Awaitable[Sample]]) -> Sample:
    """Return what is measured once the proxy has opened what it opens in the background, its store, say."""
    looks = [await measure()]
    while len(looks) < _LOOKS or len({look.descriptors for look in looks[-_LOOKS:]}) > 1:
        await asyncio.sleep(_PAUSE)
        looks.append(await measure())
    return looks[-1]


@asynccontextmanager
async def _running(
    home: Path, journal: Path, bounds: Mapping[str, int], script: Path
) -> AsyncIterator[tuple[Proxy, probe.Probe]]:
    """Run the backend and mitmdump with the addon until the block ends, with these bounds for the addon's memories."""
    settings = {"codex_redact": "on", "codex_learn": "temperature", "termlog_verbosity": "error"}
    command: list[str | Path] = [sys.executable, "-m", "codex_soak.backend", home / "backend"]
    async with await start(command, stdin=subprocess.PIPE) as backend:
        port = (await backend.says(r"^(\d+)$"))[1]
        async with (
            await start_mitmdump(
                home / "proxy",
                modes=[f"upstream:http://{LOOPBACK}:{port}"],
                upstream_ca=home / "backend" / "ca.pem",
                scripts=[script, probe.ADDON],
                options={"codex_journal": journal, **settings},
            ) as proxy,
            await probe.connect(proxy.program) as asked,
        ):
            await asked.ask(bounds=bounds)
            yield proxy, asked


async def _wave(numbers: range, parallel: int, proxy: Proxy, counters: Counters) -> None:
    waiting = iter(numbers)

    async def worker() -> None:
        for number in waiting:
            about = profile(number)
            try:
                async with asyncio.timeout(_PATIENCE):
                    await Client(about, proxy, counters).run()
            except (*FAULTS, WrongAnswer) as error:
                said = f"conversation {number} over {about.transport} broke: {error or type(error).__name__}"
                raise Broken(said) from error

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(worker())
    except* Broken as broken:
        raise Broken(str(broken.exceptions[0])) from None
