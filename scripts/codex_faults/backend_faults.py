"""Faults of the backend: connections that are cut, TLS that is refused, statuses, and streams that end badly."""

from collections.abc import Iterator
from dataclasses import replace

from embedded_backend import Rules
from embedded_backend.breaks import Break

from codex_faults.clients import HTTP, WEBSOCKET, Kind
from codex_faults.fault import Fault, Trigger
from codex_faults.fault_run import FINISHED, FaultRun
from codex_faults.observation import Observation
from codex_faults.requests import HOST

_MIDDLE = 5  # whole events that come before a cut
_REFUSED = f"refused.{HOST}"


def faults() -> Iterator[Fault]:
    """Yield the faults of the backend."""
    yield Fault(
        "backend-cut-before-answer",
        "The connection to the backend ends before the first byte of an answer: the client gets mitmproxy's own error"
        " at once, and the turn is told once.",
        _answered(Break(unanswered=True), "no_usage"),
    )
    yield Fault(
        "backend-cut-mid-event",
        "The event stream is cut within an event: every byte before the cut arrives, then the client sees the cut, and"
        " the turn is told once.",
        _answered(Break(cut_after=_MIDDLE, torn=True), "no_usage"),
    )
    yield Fault(
        "backend-cut-mid-frame",
        "A WebSocket is cut within a frame: every whole message arrives, then the client sees the end, and the turn is"
        " told once.",
        _answered(Break(cut_after=_MIDDLE, torn=True), "no_usage", kinds=(WEBSOCKET,)),
    )
    yield Fault(
        "backend-stream-without-end",
        "The stream ends as it should, but without its last event: the client gets all of it, and the turn is told"
        " once, without counters.",
        _answered(Break(ending="none"), "no_usage"),
    )
    yield from _failing()
    yield from _refusing()


def _failing() -> Iterator[Fault]:
    for name, event, broken in (
        ("backend-response-failed", "response.failed", Break(ending="failed")),
        ("backend-error-event", "error", Break(ending="error")),
    ):
        yield Fault(
            name,
            f"The stream ends with `{event}`, over HTTP and WebSocket: the client gets it, and the turn is told once,"
            " with that failure.",
            _answered(broken, "rejected", kinds=(HTTP, WEBSOCKET)),
        )


def _refusing() -> Iterator[Fault]:
    for status in (401, 403, 429, 500, 502):
        what = "403 and a challenge page" if status == 403 else str(status)
        yield Fault(
            f"backend-{status}",
            f"A turn is answered with {what}: the client gets it unchanged, its connection can be used again, and the"
            " turn is told once, as rejected.",
            _refused_once(Break(status=status), HTTP),
        )
    yield Fault(
        "backend-error-frame",
        "A turn on a WebSocket is answered with an error frame: the client gets it, the socket can be used again, and"
        " the turn is told once, as rejected.",
        _refused_once(Break(status=429), WEBSOCKET),
    )
    yield Fault(
        "backend-upgrade-refused",
        "A WebSocket is refused: the client gets the refusal unchanged, and the handshake is told once, as rejected.",
        _upgrade_refused,
    )
    yield Fault(
        "backend-tls-refused",
        "The backend refuses TLS: the client gets mitmproxy's own error, and the turn is told once, without counters.",
        _tls_refused,
    )


def _answered(broken: Break, *verdicts: str, kinds: tuple[Kind, ...] = (HTTP,)) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        return [await run.whole(run.turn(broken, *verdicts), kind) for kind in kinds]

    return trigger


def _refused_once(broken: Break, kind: Kind) -> Trigger:
    async def trigger(run: FaultRun) -> list[Observation]:
        turn = run.turn(broken, "rejected", *FINISHED, entries=2)
        client = await run.begun(turn, kind)
        refused = await client.rest()
        await client.send(turn)
        again = await client.rest()
        await client.close()
        return [refused, again]

    return trigger


async def _upgrade_refused(run: FaultRun) -> list[Observation]:
    backend = run.fixture.backend
    backend.rules = replace(Rules(), upgrade_status=426)  # the WebSocket of the background turns is open already
    observed = await run.whole(run.turn(None, "rejected"), WEBSOCKET)
    backend.rules = Rules()
    return [observed]


async def _tls_refused(run: FaultRun) -> list[Observation]:
    run.breaks.refused_names.add(_REFUSED)
    return [await run.whole(run.turn(None, "no_usage"), host=_REFUSED)]
