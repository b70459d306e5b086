"""Faults of the backend: connections that are cut, TLS that is refused, statuses, and streams that end badly."""

from collections.abc import Iterator
from dataclasses import replace

from embedded_backend import Rules
from embedded_backend.breaks import Break

from codex_faults.fault import Fault, Provoke
from codex_faults.scene import FINISHED, HTTP, WEBSOCKET, Kind, Scene
from codex_faults.seen import Seen
from codex_faults.turns import HOST

_MIDDLE = 5  # whole events that come before a cut
_REFUSED = f"refused.{HOST}"


def faults() -> Iterator[Fault]:
    """Yields the faults of the backend."""
    yield Fault(
        name="backend-cut-before-answer",
        promise="The connection to the backend ends before the first byte of an answer: the client gets mitmproxy's"
        " own error at once, and the turn is told once.",
        provoke=_answered(Break(unanswered=True), "no_usage"),
    )
    yield Fault(
        name="backend-cut-mid-event",
        promise="The event stream is cut within an event: every byte before the cut arrives, then the client sees the"
        " cut, and the turn is told once.",
        provoke=_answered(Break(cut_after=_MIDDLE, torn=True), "no_usage"),
    )
    yield Fault(
        name="backend-cut-mid-frame",
        promise="A WebSocket is cut within a frame: every whole message arrives, then the client sees the end, and the"
        " turn is told once.",
        provoke=_answered(Break(cut_after=_MIDDLE, torn=True), "no_usage", kind=WEBSOCKET),
    )
    yield Fault(
        name="backend-stream-without-end",
        promise="The stream ends as it should, but without its last event: the client gets all of it, and the turn is"
        " told once, without counters.",
        provoke=_answered(Break(ending="none"), "no_usage"),
    )
    yield from _failing()
    yield from _refusing()


def _failing() -> Iterator[Fault]:
    for ending, name in (("failed", "backend-response-failed"), ("error", "backend-error-event")):
        event = "response.failed" if ending == "failed" else "error"
        yield Fault(
            name=name,
            promise=f"The stream ends with `{event}`, over HTTP and WebSocket: the client gets it, and the turn is told"
            " once, with that failure.",
            provoke=_on_both(Break(ending="failed" if ending == "failed" else "error"), "rejected"),
        )


def _refusing() -> Iterator[Fault]:
    for status in (401, 403, 429, 500, 502):
        what = "403 and a challenge page" if status == 403 else str(status)
        yield Fault(
            name=f"backend-{status}",
            promise=f"A turn is answered with {what}: the client gets it unchanged, its connection can be used again,"
            " and the turn is told once, as rejected.",
            provoke=_refused_once(Break(status=status), HTTP),
        )
    yield Fault(
        name="backend-error-frame",
        promise="A turn on a WebSocket is answered with an error frame: the client gets it, the socket can be used"
        " again, and the turn is told once, as rejected.",
        provoke=_refused_once(Break(status=429), WEBSOCKET),
    )
    yield Fault(
        name="backend-upgrade-refused",
        promise="A WebSocket is refused: the client gets the refusal unchanged, and no turn is told, because none"
        " was sent.",
        provoke=_upgrade_refused,
    )
    yield Fault(
        name="backend-tls-refused",
        promise="The backend refuses TLS: the client gets mitmproxy's own error, and the turn is told once, without"
        " counters.",
        provoke=_tls_refused,
    )


def _answered(broken: Break, *verdicts: str, kind: Kind = HTTP) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        return [await scene.whole(scene.turn(broken, *verdicts), kind)]

    return provoke


def _on_both(broken: Break, *verdicts: str) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        return [await scene.whole(scene.turn(broken, *verdicts), kind) for kind in (HTTP, WEBSOCKET)]

    return provoke


def _refused_once(broken: Break, kind: Kind) -> Provoke:
    async def provoke(scene: Scene) -> list[Seen]:
        turn = scene.turn(broken, "rejected", *FINISHED, entries=2)
        talk = await scene.begun(turn, kind)
        refused = await talk.rest()
        await talk.send(turn)
        again = await talk.rest()
        await talk.close()
        return [refused, again]

    return provoke


async def _upgrade_refused(scene: Scene) -> list[Seen]:
    backend = scene.arm.backend
    backend.rules = replace(Rules(), upgrade_status=426)  # the socket of the ordinary turns is open already
    seen = await scene.whole(scene.turn(None, entries=0), WEBSOCKET)
    backend.rules = Rules()
    return [seen]


async def _tls_refused(scene: Scene) -> list[Seen]:
    scene.breaks.refused_names.add(_REFUSED)
    return [await scene.whole(scene.turn(None, "no_usage"), host=_REFUSED)]
