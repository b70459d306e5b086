"""Faults of clients: gone in every phase, slow, or very many at once."""

import asyncio
from collections.abc import Iterator

from embedded_backend import Rules
from embedded_backend.breaks import Break

from codex_faults import requests
from codex_faults.clients import HTTP, WEBSOCKET, Client, Kind, connect
from codex_faults.fault import Fault, Trigger
from codex_faults.fault_run import FINISHED, FaultRun
from codex_faults.observation import Observation

_MIDDLE = 5  # events that are read before the client goes
_ALL = Rules().deltas + 8  # events of a whole answer
_PARTS = 4  # pieces in which a slow reader takes its answer
_OPENING = 32  # connections that are opened at the same time; more wait in the system's queue, which is short


def faults() -> Iterator[Fault]:
    """Yield the faults of clients."""
    yield Fault(
        "client-gone-in-request",
        "The client goes in the middle of its request body: nothing is sent, nothing is told.",
        _gone_in_request,
    )
    yield Fault(
        "client-gone-before-answer",
        "The client goes before the answer begins: the backend's connection is closed, and the turn is told once,"
        " without counters.",
        _gone(HTTP, 0, Break(hold_after=0), "no_usage"),
    )
    yield Fault(
        "client-gone-mid-stream",
        "The client goes in the middle of an event stream: the backend's connection is closed, and the turn is told"
        " once, without counters.",
        _gone(HTTP, _MIDDLE, Break(hold_after=_MIDDLE), "no_usage"),
    )
    yield Fault(
        "client-gone-mid-socket",
        "The client goes in the middle of an answer on a WebSocket: the backend's socket is closed, and the turn is"
        " told once, without counters.",
        _gone(WEBSOCKET, _MIDDLE, Break(hold_after=_MIDDLE), "no_usage"),
    )
    yield Fault(
        "client-gone-after-last-event",
        "The client goes as soon as it has the last event, as most do: the turn is told once, with its counters.",
        _gone(HTTP, _ALL, None, *FINISHED),
    )
    yield Fault(
        "client-reads-slowly",
        "A client takes its time over an answer of four megabytes: it gets every byte, others do not wait for it, and"
        " the turn is told once.",
        _slowly,
        background=False,
        heavy=True,
    )
    yield Fault(
        "many-streams",
        "A thousand event streams are open at the same moment (fewer in the short profile): each client gets its own"
        " bytes, and each turn is told once.",
        _in_parallel,
        heavy=True,
    )


async def _gone_in_request(run: FaultRun) -> list[Observation]:
    client = await connect(run.fixture.port, run.fixture.tls)
    await client.send_half(run.turn(None, entries=0))
    return [client.leave()]


def _gone(kind: Kind, events: int, broken: Break | None, *verdicts: str) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        client = await run.begun(run.turn(broken, *verdicts), kind, events)
        await run.breaks.held(1 if broken else 0)
        observed = client.leave()
        await run.breaks.held(0)  # so the proxy has hung up too, before the backend could continue
        return [observed]

    return trigger


async def _slowly(run: FaultRun) -> list[Observation]:
    client = await run.begun(run.turn(None, *FINISHED, make=requests.large))
    await client.more()  # the head
    for _ in range(_PARTS):
        await run.background.turns()
        read = len(client.body) + 1_000_000
        while client.end is None and len(client.body) < read:
            await client.more()
    observed = await client.rest()
    await client.close()
    return [observed]


async def _in_parallel(run: FaultRun) -> list[Observation]:
    opening = asyncio.Semaphore(_OPENING)

    async def opened() -> Client:
        async with opening:
            return await run.begun(run.turn(Break(hold_after=_MIDDLE), *FINISHED), events=_MIDDLE)

    clients = await asyncio.gather(*(opened() for _ in range(run.parallel)))
    await run.breaks.held(run.parallel)
    run.breaks.release()
    return await run.rest(clients)
