"""Faults of connections: the backend cuts, refuses or ends badly; clients go in every phase, are slow, or very many."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from embedded_backend import Rules
from embedded_backend.breaks import Break

from codex_faults import requests
from codex_faults.clients import HTTP, WEBSOCKET, Client, Kind, connect
from codex_faults.fault_run import FINISHED, MIDDLE, FaultRun
from codex_faults.observation import Observation

_REFUSED = f"refused.{requests.HOST}"
_PARTS = 4  # pieces in which a slow reader takes its answer
_OPENING = 32  # connections that are opened at the same time; more wait in the system's queue, which is short


async def answered(
    run: FaultRun, *, verdict: str = "no_usage", kinds: Sequence[Kind] = (HTTP,), **broken: Any
) -> list[Observation]:
    """Have a turn over each of these kinds, answered as a Break says."""
    return [await run.whole(run.turn(Break(**broken), verdict), kind) for kind in kinds]


async def refused(run: FaultRun, *, status: int, kind: Kind = HTTP) -> list[Observation]:
    """Have a turn answered with this status, and another on the same connection, which nothing is wrong with."""
    turn = run.turn(Break(status=status), "rejected", *FINISHED, entries=2)
    client = await run.begun(turn, kind)
    first = await client.rest()
    await client.send(turn)
    return [first, await client.last()]


async def upgrade_refused(run: FaultRun) -> list[Observation]:
    """Have the backend refuse a WebSocket."""
    backend = run.fixture.backend
    backend.rules = replace(Rules(), upgrade_status=426)  # the WebSocket of the background turns is open already
    observed = await run.whole(run.turn(None, "rejected"), WEBSOCKET)
    backend.rules = Rules()
    return [observed]


async def tls_refused(run: FaultRun) -> list[Observation]:
    """Have the backend refuse TLS."""
    run.breaks.refused_names.add(_REFUSED)
    return [await run.whole(run.turn(None, "no_usage"), host=_REFUSED)]


async def gone_in_request(run: FaultRun) -> list[Observation]:
    """Have a client go in the middle of its request body."""
    client = await connect(run.fixture.port, run.fixture.tls)
    await client.send(run.turn(None, entries=0), half=True)
    return [client.leave()]


async def gone(run: FaultRun, *, events: int, kind: Kind = HTTP) -> list[Observation]:
    """Have a client go after so many events of its answer, which the backend holds there."""
    client = await run.begun(run.turn(Break(hold_after=events), "no_usage"), kind, events)
    await run.breaks.held(1)
    observed = client.leave()
    await run.breaks.held(0)  # so the proxy has hung up too, before the backend could continue
    return [observed]


async def gone_at_end(run: FaultRun) -> list[Observation]:
    """Have a client go as soon as it has the last event."""
    client = await run.begun(run.turn(None, *FINISHED), events=Rules().deltas + 8)
    return [client.leave()]


async def slowly(run: FaultRun) -> list[Observation]:
    """Have a client take its time over a large answer, with other turns meanwhile."""
    client = await run.begun(run.turn(None, *FINISHED, make=requests.large))
    await client.more()  # the head
    for _ in range(_PARTS):
        await run.background.turns()
        read = len(client.body) + 1_000_000
        while client.end is None and len(client.body) < read:
            await client.more()
    return [await client.last()]


async def in_parallel(run: FaultRun) -> list[Observation]:
    """Have very many streams open at the same moment."""
    opening = asyncio.Semaphore(_OPENING)

    async def opened() -> Client:
        async with opening:
            return await run.begun(run.turn(Break(hold_after=MIDDLE), *FINISHED), events=MIDDLE)

    clients = await asyncio.gather(*(opened() for _ in range(run.parallel)))
    await run.breaks.held(run.parallel)
    run.breaks.release()
    return await run.rest(clients)
