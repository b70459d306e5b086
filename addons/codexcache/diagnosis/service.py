"""Ties the exchanges of the proxy to the engine: `DiagnosisService` hands each diagnosis to its listeners."""

import dataclasses
import functools
from collections.abc import Callable

from ..turn.exchange import Exchange
from ..turn.record import Record, Route
from ..turn.request import SESSION_HEADERS, THREAD_HEADERS, Transport, Turn
from ..wire.headers import Fields, Values, first_value, values_by_name
from .diagnosis import Diagnosis
from .engine import Engine
from .repairs import Preventable, preventing, saved_tokens

_NAMED = 64
"""Responses of one socket that a later frame can name."""

ACCOUNT_HEADER = "chatgpt-account-id"


class DiagnosisService:
    """Hands turns to the engine, and diagnoses to the listeners; the failure of one does not affect the others."""

    def __init__(self, on_fault: Callable[[str, Exception], None]) -> None:
        self.engine = Engine()
        self.listeners: list[Callable[[Diagnosis], None]] = []
        self._on_fault = on_fault
        self._preventable = Preventable()
        self._responses: dict[str, dict[str, Record]] = {}

    def turn_sent(self, exchange: Exchange, *, flow: str, at: float) -> None:
        """Hand in a turn that leaves at `at`."""
        socket = flow if exchange.handshake else ""
        named = self._responses.get(socket, {}).get(exchange.turn.previous_response_id or "")
        route = route_of(exchange, socket)
        continued = exchange.earlier.number if exchange.earlier else 0
        turn = exchange.repair.forwarded if exchange.repair else exchange.turn
        exchange.record = self.engine.turn_sent(turn, route, flow=flow, at=at, named=named, continued=continued)
        if exchange.remembered:
            exchange.remembered.number = exchange.record.number

    def predict(self, exchange: Exchange) -> Diagnosis | None:
        """Return the diagnosis of a turn that is still to leave, None where nothing speaks against a hit."""
        if (record := exchange.record) is None or (predicted := self.engine.predict(record)) is None:
            return None
        return Diagnosis(record=record, exchange=exchange, **predicted._asdict())

    def turn_released(self, exchange: Exchange, turn: Turn, *, at: float | None = None) -> None:
        """Hand in again a turn that was held until `at`, or one that left when it was handed in, as `turn` now."""
        if (record := exchange.record) and not record.ended_at:
            socket = record.route.socket
            named = self._responses.get(socket, {}).get(turn.previous_response_id or "")
            sent_at = record.sent_at if at is None else at
            self.engine.turn_released(record, turn, route_of(exchange, socket), at=sent_at, named=named)

    def turn_withdrawn(self, exchange: Exchange) -> None:
        """Forget a turn that did not leave after all."""
        if exchange.record:
            self.engine.turn_withdrawn(exchange.record)

    def turn_ended(self, exchange: Exchange, *, at: float) -> None:
        """Hand in a turn that has ended, and give its diagnosis to the listeners."""
        if (record := exchange.record) is None:
            return
        verdict, match, changes = self.engine.turn_ended(record, exchange.response_info, at, exchange.refusal)
        if record.response_id and record.route.socket:
            self._remember(record, record.response_id)
        diagnosis = Diagnosis(record=record, verdict=verdict, match=match, changes=changes, exchange=exchange)
        if exchange.repair or verdict.is_miss:
            diagnosis = self._with_repair(diagnosis, at)
        for listener in self.listeners:
            try:
                listener(diagnosis)
            except Exception as error:
                self._on_fault("reporting a turn", error)

    def _with_repair(self, diagnosis: Diagnosis, at: float) -> Diagnosis:
        """Return a diagnosis that also says what repair did, could not do, or would have done."""
        verdict, exchange = diagnosis.verdict, diagnosis.exchange
        repair, repaired, said = exchange.repair, exchange.repaired, list[str]()
        try:
            if repairs := preventing(diagnosis):
                said.append(self._preventable.advice(repairs, at))
            if repair and repaired:
                repair.saved = saved_tokens(diagnosis.record, diagnosis.match, exchange.turn)
        except Exception as error:  # the turn is told of nevertheless
            self._on_fault("measuring a repair", error)
            return diagnosis
        if repair and verdict.is_miss:
            said += repair.notes
        if repair and repair.saved:
            said.append(f"without {' and '.join(repaired)} {repair.saved:,} tokens would have been re-sent")
        because = "; ".join((verdict.because, *said))
        return dataclasses.replace(diagnosis, verdict=dataclasses.replace(verdict, because=because), preventing=repairs)

    def socket_closed(self, flow: str) -> None:
        """Forget the responses of a socket: no other one can name them."""
        self._responses.pop(flow, None)

    def _remember(self, record: Record, response_id: str) -> None:
        known = self._responses.setdefault(record.route.socket, {})
        known[response_id] = record
        if len(known) > _NAMED:
            del known[next(iter(known))]


def route_of(exchange: Exchange, socket: str) -> Route:
    """Return how a turn leaves; `socket` names its WebSocket. Turns that leave alike have one route."""
    turn, native = exchange.turn, exchange.turn.client_headers.native
    pinnable = exchange.mode == "fill" and turn.explicit_key is not None and not native
    caller = (exchange.edited_turn or turn).client_headers.caller_digest
    source = exchange.cache_key.source
    return _route(exchange.forwarded, _key_of(exchange), source, pinnable, caller, turn.transport, socket, turn.host)


@functools.lru_cache(maxsize=256)
def _route(
    fields: Fields,
    key: str | None,
    key_source: str,
    pinnable: bool,
    caller: bytes,
    transport: Transport,
    socket: str,
    host: str,
) -> Route:
    values = values_by_name(fields)
    return _interned(
        key=key,
        key_source=key_source,
        session=_first_given(values, SESSION_HEADERS),
        thread=_first_given(values, THREAD_HEADERS),
        pinnable=pinnable,
        caller=caller,
        account=first_value(values, ACCOUNT_HEADER) or "",
        transport=transport,
        socket=socket,
        host=host,
    )


_interned = functools.lru_cache(maxsize=256)(Route)
"""Returns the one route with some values, also where other header fields change with each request."""


def _first_given(values: Values, names: tuple[str, ...]) -> str | None:
    """Return the first of the first values of some header fields that is not empty."""
    return next((value for name in names if (value := first_value(values, name))), None)


def _key_of(exchange: Exchange) -> str | None:
    """Return the key that the backend got: the one in the body, or where it has none, the session header's."""
    if isinstance(key := exchange.forwarded_key, str):
        return key
    return None if exchange.mode == "observe" else _first_given(values_by_name(exchange.forwarded), SESSION_HEADERS)
