"""One scenario with all of its arms: the server, new proxies, a client for each, and the core that each has."""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from embedded_backend.certificates import Authority
from toolkit.process import LOOPBACK, start_mitmdump
from toolkit.wire.streams import hang_up, open_tunnel, serving

from codex_bench.client import HOST, Client
from codex_bench.figures import Figures
from codex_bench.plan import DIRECT, OURS, SCRIPTS, Scenario
from codex_bench.rounds import Idle, Worker, measure
from codex_bench.server import BUFFER, RunState, serve


async def perform(scenario: Scenario, scripts: Mapping[str, Path], home: Path) -> Mapping[str, Figures]:
    """Measure a scenario with new proxies, so that none pays for what came before. Raises Idle, NotStarted."""
    authority, state = Authority(home / "authority"), RunState()
    async with AsyncExitStack() as stack:
        to_its_core = stack.enter_context(separate_cores())
        port = await stack.enter_async_context(serving(partial(serve, authority.context(), state), limit=BUFFER))
        workers = []
        for name, script in scripts.items():
            workers.append(worker := await _worker(stack, name, script, home / name, port, authority.ca_file, state))
            if worker.pid:
                to_its_core(worker.pid)
        found = await measure(scenario, workers, state)
        _check_journals(workers, state.turns)
    return found


async def _worker(
    stack: AsyncExitStack, name: str, script: Path, home: Path, port: int, server_ca: Path, state: RunState
) -> Worker:
    """Start an arm with its client; both end with the stack."""
    pid, journal, tls = None, None, ssl.create_default_context(cafile=str(server_ca))
    if name != DIRECT:
        journal = home / "journal.jsonl" if script.name == SCRIPTS[OURS].name else None  # of the addon in any version
        everything_on = {"codex_mode": "fill", "codex_journal": journal} if journal else {}
        proxy = await start_mitmdump(
            home,
            modes=[f"upstream:http://{LOOPBACK}:{port}"],
            upstream_ca=server_ca,
            scripts=[script],
            options={"termlog_verbosity": "error", **everything_on},
        )
        await stack.enter_async_context(proxy)
        pid, port, tls = proxy.program.pid, proxy.port, proxy.tls()
    reader, writer = await open_tunnel(port, HOST, tls)
    stack.push_async_callback(hang_up, writer)
    return Worker(name=name, client=Client(reader, writer, state), pid=pid, journal=journal)


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
