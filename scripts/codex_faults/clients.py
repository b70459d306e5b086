"""Faults of clients: gone at every stage, slow, or very many at once."""

import asyncio
from collections.abc import Iterator

from embedded_backend import Rules
from embedded_backend.breaks import Break

from codex_faults import turns
from codex_faults.fault import Fault, Provoke
from codex_faults.scene import FINISHED, HTTP, WEBSOCKET, Kind, Scene
from codex_faults.seen import Seen
from codex_faults.talk import Talk

_MIDDLE = 5  # events that are read before the client goes
_ALL = Rules().deltas + 8  # events of a whole answer
_PARTS = 4  # pieces in which a slow reader takes its answer
_OPENING = 32  # connections that are opened at the same time; more wait in the system's queue, which is short


def faults() -> Iterator[Fault]:
    """Yields the faults of clients."""
    yield Fault(
        name="client-gone-in-request",
        promise="The client goes in the middle of its request body: nothing is sent, nothing is told.",
        provoke=_gone_in_request,
    )
    yield Fault(
        name="client-gone-before-answer",
        promise="The client goes before the answer begins: the backend's connection is closed, and the turn is told"
        " once, without counters.",
        provoke=_gone(HTTP, 0, Break(hold_after=0), "no_usage"),
    )
    yield Fault(
        name="client-gone-mid-stream",
        promise="The client goes in the middle of an event stream: the backend's connection is closed, and the turn is"
        " told once, without counters.",
        provoke=_gone(HTTP, _MIDDLE, Break(hold_after=_MIDDLE), "no_usage"),
    )
    yield Fault(
        name="client-gone-mid-socket",
        promise="The client goes in the middle of an answer on a WebSocket: the backend's socket is closed, and the"
        " turn is told once, without counters.",
        provoke=_gone(WEBSOCKET, _MIDDLE, Break(hold_after=_MIDDLE), "no_usage"),
    )
    yield Fault(
        name="client-gone-after-last-event",
        promise="The client goes as soon as it has the last event, as most do: the turn is told once, with its"
        " counters.",
        provoke=_gone(HTTP, _ALL, None, *FINISHED),
    )
    yield from _many()


def _many() -> Iterator[Fault]:
    yield Fault(
        name="client-reads-slowly",
        promise="A client takes its time over an answer of four megabytes: it gets every byte, others do not wait for"
        " it, and the turn is told once.",
        provoke=_slowly,
        beside=False,
        heavy=True,
    )
    yield Fault(
        name="many-streams",
        promise="A thousand event streams are open at the same moment (fewer in the short profile): each client gets"
        " its own bytes, and each turn is told once.",
        provoke=_in_parallel,
        heavy=True,
    )


async def _gone_in_request(scene: Scene) -> list[Seen]:
    talk = await scene.http()
    await talk.send_half(scene.turn(None, entries=0))
    return [talk.leave()]


def _gone(kind: Kind, events: int, broken: Break | None, *verdicts: str) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        talk = await scene.begun(scene.turn(broken, *verdicts), kind, events)
        await scene.breaks.held(1 if broken else 0)
        seen = talk.leave()
        await scene.breaks.held(0)  # so the proxy has hung up too, before the backend could go on
        return [seen]

    return provoke


async def _slowly(scene: Scene) -> list[Seen]:
    talk = await scene.begun(scene.turn(None, *FINISHED, make=turns.large))
    await talk.head()
    for _ in range(_PARTS):
        await scene.ordinary.turns()
        read = len(talk.body) + 1_000_000
        while talk.end is None and len(talk.body) < read:
            await talk.more()
    seen = await talk.rest()
    await talk.close()
    return [seen]


async def _in_parallel(scene: Scene) -> list[Seen]:
    opening = asyncio.Semaphore(_OPENING)

    async def opened(number: int) -> Talk:
        async with opening:
            return await scene.begun(scene.turn(Break(hold_after=_MIDDLE), *FINISHED), events=_MIDDLE)

    talks = await asyncio.gather(*(opened(number) for number in range(scene.parallel)))
    await scene.breaks.held(scene.parallel)
    scene.breaks.release()
    seen = await asyncio.gather(*(talk.rest() for talk in talks))
    await asyncio.gather(*(talk.close() for talk in talks))
    return list(seen)
