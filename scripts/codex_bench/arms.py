"""One scenario: the server, new proxies with a client each, and rounds in which every arm has each turn."""

import asyncio
import os
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from embedded_backend.certificates import Authority
from toolkit import meter
from toolkit.process import LOOPBACK, start_mitmdump
from toolkit.wire.streams import hang_up, open_tunnel, serving

from codex_bench.connection import BUFFER, HOST, Client, RunState, Times, serve
from codex_bench.conversation import Conversation
from codex_bench.figures import Figures
from codex_bench.plan import NAIVE, OURS, SCRIPTS, Scenario

_TURN_WITHIN = 60  # seconds


class Idle(Exception):
    """An arm did not do what it is measured for."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """An arm with its client. What a proxy does between two of its turns is counted to the first of them.

    `pid` is the proxy's; `journal` is where the addon writes, None for other scripts.
    """

    name: str
    client: Client
    pid: int
    journal: Path | None
    _cpu: list[float] = field(default_factory=list)
    _times: list[Times] = field(default_factory=list)

    async def turn(self, body: bytes, state: RunState) -> None:
        """Have one turn. Raises Idle, TimeoutError."""
        self._note()
        async with asyncio.timeout(_TURN_WITHIN):
            self._times.append(await self.client.turn(body))
        if (self.name == NAIVE or self.journal) and not state.has_key:
            raise Idle(f"the arm {self.name!r} put no key in the body")

    def finish(self) -> tuple[list[float], list[Times]]:
        """Return the CPU seconds and the waits of each turn of the round."""
        self._note()
        cpu, times = self._cpu, self._times
        self._cpu, self._times = [], []
        return [after - before for before, after in pairwise(cpu)], times

    def _note(self) -> None:
        self._cpu.append(meter.cpu_seconds(self.pid))


async def measure(scenario: Scenario, workers: Sequence[Worker], state: RunState) -> Mapping[str, Figures]:
    """Measure a scenario; what the very first conversation costs does not count, because everything is new to all."""
    state.events, state.one_by_one = scenario.events, scenario.kind != "at once"
    if scenario.kind == "frames":
        for worker in workers:
            await worker.client.open_websocket()
    found: dict[str, Figures] = {worker.name: defaultdict(list) for worker in workers}
    chance = random.Random(scenario.size)
    converse = partial(_converse, workers, chance, state, scenario.settling)
    await converse(Conversation(0, 10_000, scenario.spelling).bodies(3))
    for number in range(scenario.rounds):
        bodies = Conversation(number + 1, scenario.size, scenario.spelling).bodies(1 + scenario.warm)
        for name, (cpu, times) in (await converse(bodies)).items():
            of_round = _of_frames(scenario, cpu) if scenario.kind == "frames" else _of_turns(cpu, times)
            _add(found[name], of_round)
    for worker in workers:
        _add(found[worker.name], {"memory": meter.peak_memory(worker.pid)})
    return found


async def _converse(
    workers: Sequence[Worker], chance: random.Random, state: RunState, settling: float, bodies: Iterable[bytes]
) -> Mapping[str, tuple[list[float], list[Times]]]:
    for body in bodies:
        for worker in chance.sample(workers, len(workers)):
            await worker.turn(body, state)
    await asyncio.sleep(settling)
    return {worker.name: worker.finish() for worker in workers}


def _of_frames(scenario: Scenario, cpu: Sequence[float]) -> dict[str, float]:
    return {"frame": statistics.fmean(cpu) / scenario.events}


def _of_turns(cpu: Sequence[float], times: Sequence[Times]) -> dict[str, float]:
    """Return a round's figures: those of the first turn, and of those that follow."""
    (first, *later), (first_times, *later_times) = cpu, times
    return {
        "cold": first,
        "warm": statistics.fmean(later),
        "cold_first_byte": first_times.first_byte,
        "warm_first_byte": statistics.median(one.first_byte for one in later_times),
        "event": statistics.median(event for one in later_times for event in one.events),
    }


def _add(figures: Figures, of_round: Mapping[str, float]) -> None:
    for quantity, figure in of_round.items():
        figures[quantity].append(figure)


async def measure_starts(
    scenario: Scenario, names: Sequence[str], start: Callable[[AsyncExitStack, str], Awaitable[Worker]]
) -> Mapping[str, Figures]:
    """Measure how long a proxy takes from its start to the first connection through it.

    The first start of each arm does not count: it makes the proxy's CA, and compiles what was never imported.
    """
    found: dict[str, Figures] = {name: defaultdict(list) for name in names}
    chance = random.Random(0)
    for number in range(1 + scenario.rounds):
        for name in chance.sample(names, len(names)):
            async with AsyncExitStack() as stack:
                started = time.perf_counter()
                worker = await start(stack, name)
                seconds = time.perf_counter() - started
                if number:
                    _add(found[name], {"connected": seconds, "start": meter.cpu_seconds(worker.pid)})
    return found


async def perform(scenario: Scenario, scripts: Mapping[str, Path], home: Path) -> Mapping[str, Figures]:
    """Measure a scenario with new proxies, so that none pays for what came before. Raises Idle, NotStarted."""
    authority, state = Authority(home / "authority"), RunState()
    async with AsyncExitStack() as stack:
        to_its_core = stack.enter_context(separate_cores())
        port = await stack.enter_async_context(serving(partial(serve, authority.context(), state), limit=BUFFER))

        def start(stack: AsyncExitStack, name: str) -> Awaitable[Worker]:
            return _worker(stack, name, scripts[name], home / name, port, authority.ca_file, state)

        if scenario.kind == "start":
            return await measure_starts(scenario, [*scripts], start)
        workers = [await start(stack, name) for name in scripts]
        for worker in workers:
            to_its_core(worker.pid)
        found = await measure(scenario, workers, state)
        _check_journals(workers, state.turns)
    return found


async def _worker(
    stack: AsyncExitStack, name: str, script: Path, home: Path, port: int, server_ca: Path, state: RunState
) -> Worker:
    """Start an arm with its client; both end with the stack."""
    journal = home / "journal.jsonl" if script.name == SCRIPTS[OURS].name else None  # of the addon in any version
    everything_on = {"codex_mode": "fill", "codex_journal": journal} if journal else {}  # and the default state store
    proxy = await start_mitmdump(
        home,
        modes=[f"upstream:http://{LOOPBACK}:{port}"],
        upstream_ca=server_ca,
        scripts=[script],
        options={"termlog_verbosity": "error", **everything_on},
    )
    await stack.enter_async_context(proxy)
    reader, writer = await open_tunnel(proxy.port, HOST, proxy.tls())
    stack.push_async_callback(hang_up, writer)
    return Worker(name=name, client=Client(reader, writer, state), pid=proxy.program.pid, journal=journal)


def _check_journals(workers: Sequence[Worker], turns: int) -> None:
    """Make sure that the addon has written down every turn: one that does not would cost too little. Raises Idle."""
    expected = turns // len(workers)
    for worker in workers:
        if journal := worker.journal:
            written = len(journal.read_bytes().splitlines()) if journal.exists() else 0
            journal.unlink(missing_ok=True)
            if written != expected:
                raise Idle(f"{worker.name!r} wrote {written} of {expected} turns in its journal")


@contextmanager
def separate_cores() -> Iterator[Callable[[int], None]]:
    """Keep this process off the first core until the block ends; yields what moves another process there.

    Left to itself, the system moves processes about, and a proxy pays for caches that another process has filled: with
    that, the ratios of single rounds spread four times as far. Where the system cannot do it, or has one core, all stay
    where they are.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield lambda pid: None
        return
    os.sched_setaffinity(0, cores[1:])

    def move(pid: int) -> None:
        with suppress(ProcessLookupError):  # that it has ended is noticed elsewhere
            os.sched_setaffinity(pid, cores[:1])

    try:
        yield move
    finally:
        os.sched_setaffinity(0, cores)
