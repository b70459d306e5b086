"""Where turns are handed in when they leave and when they have ended, and findings are handed out.

It ties a passage to the debugger's engine. Whoever wants to hear of findings is on its list; one that fails does not
keep the others from hearing.
"""

import functools
from collections.abc import Callable

from ..turns.continuity import Passage
from ..turns.record import Record, Route
from ..turns.turn import SESSION_HEADERS, Transport, Turn
from ..wire.fields import Fields, Values, by_name, first_value
from .explain import Explainer
from .finding import Finding

ACCOUNT_HEADER = "chatgpt-account-id"
THREAD_HEADERS = ("thread-id", "thread_id")

_NAMED = 64
"""Responses of one socket that a later frame can name."""


class Desk:
    """Hands turns to the engine and findings to the listeners."""

    def __init__(self, on_fault: Callable[[str, Exception], None]) -> None:
        self.explainer = Explainer()
        self.listeners: list[Callable[[Finding], None]] = []
        self._on_fault = on_fault
        self._responses: dict[str, dict[str, Record]] = {}

    def sent(self, passage: Passage, *, flow: str, at: float) -> None:
        """Hand in a turn that leaves at `at`."""
        socket = flow if passage.handshake else ""
        named = self._responses.get(socket, {}).get(passage.turn.previous or "")
        route = route_of(passage, socket)
        passage.record = self.explainer.sent(passage.turn, route, flow=flow, at=at, named=named)

    def outlook(self, passage: Passage) -> Finding | None:
        """Return what is to be found of a turn that is still to leave, None where nothing speaks against a hit."""
        if (record := passage.record) is None or (foreseen := self.explainer.outlook(record)) is None:
            return None
        return Finding(record=record, passage=passage, **foreseen._asdict())

    def released(self, passage: Passage, turn: Turn, *, at: float) -> None:
        """Hand in again a turn that was held, as it leaves at `at`."""
        if (record := passage.record) and not record.ended_at:
            socket = record.route.socket
            named = self._responses.get(socket, {}).get(turn.previous or "")
            self.explainer.released(record, turn, route_of(passage, socket), at=at, named=named)

    def ended(self, passage: Passage, *, at: float) -> None:
        """Hand in a turn that has ended, and tell the listeners what was found."""
        if (record := passage.record) is None:
            return
        verdict, match, changes = self.explainer.ended(record, passage.outcome, at, passage.refusal)
        if record.response_id and record.route.socket:
            self._remember(record, record.response_id)
        finding = Finding(record=record, verdict=verdict, match=match, changes=changes, passage=passage)
        for listener in self.listeners:
            try:
                listener(finding)
            except Exception as error:
                self._on_fault("telling of a turn", error)

    def socket_closed(self, flow: str) -> None:
        """Forget the responses of a socket: no other one can name them."""
        self._responses.pop(flow, None)

    def _remember(self, record: Record, response_id: str) -> None:
        known = self._responses.setdefault(record.route.socket, {})
        known[response_id] = record
        if len(known) > _NAMED:
            del known[next(iter(known))]


def route_of(passage: Passage, socket: str) -> Route:
    """Return how a turn leaves; `socket` names its WebSocket. Turns that leave alike have one route."""
    turn, sender = passage.turn, passage.turn.sender
    pinnable = passage.mode == "fill" and turn.explicit is not None and not sender.native
    return _route(passage.forwarded, _key_of(passage), pinnable, sender.root, turn.transport, socket, turn.host)


@functools.lru_cache(maxsize=256)
def _route(
    fields: Fields, key: str | None, pinnable: bool, caller: bytes, transport: Transport, socket: str, host: str
) -> Route:
    values = by_name(fields)
    return Route(
        key=key,
        session=_first_given(values, SESSION_HEADERS),
        thread=_first_given(values, THREAD_HEADERS),
        pinnable=pinnable,
        caller=caller,
        account=first_value(values, ACCOUNT_HEADER) or "",
        transport=transport,
        socket=socket,
        host=host,
    )


def _first_given(values: Values, names: tuple[str, ...]) -> str | None:
    """Return the first of the first values of some header fields that is not empty."""
    return next((value for name in names if (value := first_value(values, name))), None)


def _key_of(passage: Passage) -> str | None:
    """Return the key that the backend got in the body, or where it has been refused there, the one in the headers."""
    if isinstance(key := passage.forwarded_key, str):
        return key
    return None if passage.mode == "observe" else passage.identity.key
