"""One scenario on its stage: the server, fresh proxies, a client for each, all gone at the end."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from embedded_backend.certificates import Authority

from codex_bench import arms, client, cores, server
from codex_bench.baton import Baton
from codex_bench.figures import Figures
from codex_bench.plan import Scenario
from codex_bench.rounds import Idle, Lane, measure


async def perform(scenario: Scenario, scripts: Mapping[str, Path], home: Path) -> Mapping[str, Figures]:
    """Measure a scenario with new proxies, so that none pays for what came before."""
    authority, baton = Authority(home / "authority"), Baton()
    async with AsyncExitStack() as stack:
        to_its_core = stack.enter_context(cores.divided())
        port = await stack.enter_async_context(server.serving(authority.context(), baton))
        lanes = []
        for name, script in scripts.items():
            running = arms.running(name, script, home / name, server=port, server_ca=authority.ca_file)
            arm = await stack.enter_async_context(running)
            if arm.pid is not None:
                to_its_core(arm.pid)
            connected = await client.connect(arm.port, arm.tls(), baton)
            stack.push_async_callback(connected.close)
            lanes.append(Lane(arm, connected))
        found = await measure(scenario, lanes, baton)
        _check_journals(lanes, baton.turns)
    return found


def _check_journals(lanes: list[Lane], turns: int) -> None:
    """Make sure that our arms have written down every turn: one that does not would cost too little."""
    for lane in lanes:
        if journal := lane.arm.journal:
            written = len(journal.read_bytes().splitlines()) if journal.exists() else 0
            journal.unlink(missing_ok=True)
            if written != turns // len(lanes):
                raise Idle(f"{lane.arm.name!r} wrote {written} of {turns // len(lanes)} turns in its journal")
