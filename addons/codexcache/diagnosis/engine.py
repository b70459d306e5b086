"""What explains turns: it takes each turn when it is sent and when it has ended, and says why it read what it read.

`Engine` knows no proxy and no clock: times are arguments, so that a saved capture is explained by the same code as live
traffic. A turn is compared when it is sent, because only what had ended by then can have been in the cache; it is
judged when it has ended; and it is put into the history when the next one is sent: nothing needs it before.

`FirstTurns` knows which conversation a turn without a predecessor opens. A first turn that failed is tried again, and
no attempt is a predecessor of the next one, since none left anything in the cache. All attempts are one conversation.

`DiagnosisService` ties the exchanges of the proxy to the engine, and hands each diagnosis to its listeners.
"""

import functools
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from ..body.json_splice import as_count
from ..turn.exchange import Exchange
from ..turn.prompt import Prompt, read_outputs, read_prompt
from ..turn.record import Record, Route, TurnId, Usage
from ..turn.rejected_params import Refusal
from ..turn.request import SESSION_HEADERS, THREAD_HEADERS, Transport, Turn
from ..turn.response import ResponseInfo
from ..wire.headers import Fields, Values, first_value, values_by_name
from .diagnosis import Diagnosis, Verdict
from .history import History
from .predecessor import Match
from .prompt_diff import Change, find_changes
from .rules import BAD_ENCRYPTION, judge, predict

_KEYS = 10_000
"""Keys whose load is remembered."""

_MINUTE = 60

_FIRST_TURNS = 1_000
"""First turns that are remembered; a retry comes soon."""

_ADOPTED = 10_000
"""Turns from elsewhere that are known to be in the history, or to have been forgotten there."""

_NAMED = 64
"""Responses of one socket that a later frame can name."""

ACCOUNT_HEADER = "chatgpt-account-id"


class Explanation(NamedTuple):
    """The verdict on a turn, what the turn was compared with, and all that differs."""

    verdict: Verdict
    match: Match | None
    changes: tuple[Change, ...]


class FirstTurns:
    """The conversations that were opened last, by all that distinguishes them."""

    def __init__(self, limit: int = _FIRST_TURNS) -> None:
        self._limit = limit
        self._known: OrderedDict[int, int] = OrderedDict()

    def conversation(self, record: Record) -> int:
        """Return the number of the conversation that a turn opens: its own, or that of the first such attempt."""
        prompt, route = record.prompt, record.route
        items = prompt.items.prefix_digests()[-1]
        ids = route.caller, route.key, route.session, route.thread
        digest = hash((ids, prompt.prefix, items))  # which keeps no instructions
        number = self._known.setdefault(digest, record.number)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
        return number


class Engine:
    """Explains turns in the order in which they happen."""

    def __init__(self, history: History | None = None) -> None:
        self._history = History() if history is None else history  # an empty one counts as false
        self._first_turns = FirstTurns()
        self._loads: OrderedDict[str, deque[float]] = OrderedDict()
        self._matches: dict[int, tuple[Match | None, int]] = {}
        self._ended: deque[tuple[Record, Match | None]] = deque()
        self._adopted: OrderedDict[TurnId, int] = OrderedDict()
        self._turns = 0

    @property
    def held(self) -> int:
        """How many turns something is kept of besides the history: those in progress, and the last that ended."""
        return len(self._matches) + len(self._ended)

    def adopt(self, record: Record) -> int:
        """Take in a finished turn of another start or another proxy, once; return the number that it has here."""
        origin = record.origin or TurnId("", record.number)
        if origin not in self._adopted:
            self._history.add(record, None)
            if len(self._adopted) >= _ADOPTED:
                self._adopted.popitem(last=False)
        return self._adopted.setdefault(origin, record.number)

    def turn_sent(
        self, turn: Turn, route: Route, *, flow: str, at: float, named: Record | None = None, continued: int = 0
    ) -> Record:
        """Take note of a turn that leaves at `at`, in seconds.

        `named` is the turn whose response it names, `continued` the number of the one whose answer it repeats, if any.
        """
        self._remember()
        self._turns += 1
        record = Record(
            number=self._turns,
            flow=flow,
            endpoint=turn.endpoint,
            route=route,
            prompt=_prompt(turn, named),
            sent_at=at,
            warm_up=turn.warm_up,
            named=named,
            continued=continued,
            complete=_is_complete(turn, named),
            unread=turn.unread,
        )
        if record.endpoint == "handshake":
            self._matches[record.number] = None, 0
        else:
            self._compare(record, self._load(route.key, at))
        return record

    def turn_released(
        self, record: Record, turn: Turn, route: Route, *, at: float, named: Record | None = None
    ) -> None:
        """Take note that a turn leaves, or left, at `at` and as it is now: held, or edited after it was handed in."""
        self._remember()
        record.prompt, record.route, record.sent_at, record.named = _prompt(turn, named), route, at, named
        record.complete, record.unread = _is_complete(turn, named), turn.unread
        self._compare(record, self._matches[record.number][1])

    def turn_withdrawn(self, record: Record) -> None:
        """Forget a turn that did not leave after all."""
        self._matches.pop(record.number, None)

    def predict(self, record: Record) -> Explanation | None:
        """Return what a turn is heading for before it leaves, or None where nothing speaks against a hit."""
        match, load = self._matches[record.number]
        changes = find_changes(record, match) if match else ()
        verdict = predict(record, match, load, changes)
        return Explanation(verdict, match, changes) if verdict else None

    def turn_ended(
        self, record: Record, response_info: ResponseInfo, at: float, refused: Refusal | None = None
    ) -> Explanation:
        """Take note of how a turn ended, and of what was refused, and explain it."""
        _conclude(record, response_info, at)
        record.refused = refused
        match, load = self._matches.pop(record.number)
        self._ended.append((record, match))
        changes = find_changes(record, match) if match else ()
        makers = self._history.makers(record) if record.failed == BAD_ENCRYPTION else ()
        return Explanation(judge(record, match, load, changes, makers), match, changes)

    def _remember(self) -> None:
        """Take the turns that have ended into the history."""
        while self._ended:
            record, match = self._ended.popleft()  # before anything can fail: what fails is not tried again
            if record.usage and record.complete and not record.warm_up:
                self._history.add(record, match)

    def _compare(self, record: Record, load: int) -> None:
        match = self._history.predecessor(record)
        record.conversation = match.record.conversation if match else self._first_turns.conversation(record)
        record.conversation_run = match.record.conversation_run if match else ""
        self._matches[record.number] = match, load
        record.named = None  # a chain of names would keep every turn of a socket in memory

    def _load(self, key: str | None, at: float) -> int:
        """Return how many turns the key carried within the minute up to now, this one included."""
        if key is None:
            return 0
        times = self._loads.setdefault(key, deque())
        self._loads.move_to_end(key)
        times.append(at)
        while times[0] < at - _MINUTE:
            times.popleft()
        if len(self._loads) > _KEYS:
            self._loads.popitem(last=False)
        return len(times)


def _prompt(turn: Turn, named: Record | None) -> Prompt:
    """Return the whole prompt of a turn, which may begin with that of the turn that it names and its response."""
    return read_prompt(turn.document, named.prompt, named.outputs) if named else turn.prompt


def _is_complete(turn: Turn, named: Record | None) -> bool:
    return named.complete if named else turn.previous_response_id is None and not turn.unread


def _conclude(record: Record, response_info: ResponseInfo, at: float) -> None:
    record.ended_at = at
    record.status = response_info.status
    record.response_id = response_info.response_id
    record.echoed_key = response_info.echoed_key
    record.usage = _usage(response_info)
    record.outputs = read_outputs(response_info.outputs, record.prompt)
    record.challenge = response_info.challenge
    record.failed = response_info.failure
    record.cut_short = response_info.cut_short


def _usage(response_info: ResponseInfo) -> Usage | None:
    """Return the counters; an absent one is not 0."""
    usage = response_info.usage
    details = usage.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    if (given := as_count(usage.get("input_tokens"))) is None:
        return None
    return Usage(input=given, cached=as_count(cached), output=as_count(usage.get("output_tokens")))


class DiagnosisService:
    """Hands turns to the engine, and diagnoses to the listeners; the failure of one does not affect the others."""

    def __init__(self, on_fault: Callable[[str, Exception], None]) -> None:
        self.engine = Engine()
        self.listeners: list[Callable[[Diagnosis], None]] = []
        self._on_fault = on_fault
        self._responses: dict[str, dict[str, Record]] = {}

    def turn_sent(self, exchange: Exchange, *, flow: str, at: float) -> None:
        """Hand in a turn that leaves at `at`."""
        socket = flow if exchange.handshake else ""
        named = self._responses.get(socket, {}).get(exchange.turn.previous_response_id or "")
        route = route_of(exchange, socket)
        continued = exchange.earlier.number if exchange.earlier else 0
        exchange.record = self.engine.turn_sent(
            exchange.turn, route, flow=flow, at=at, named=named, continued=continued
        )
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
        for listener in self.listeners:
            try:
                listener(diagnosis)
            except Exception as error:
                self._on_fault("reporting a turn", error)

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
    return _route(exchange.forwarded, _key_of(exchange), pinnable, caller, turn.transport, socket, turn.host)


@functools.lru_cache(maxsize=256)
def _route(
    fields: Fields, key: str | None, pinnable: bool, caller: bytes, transport: Transport, socket: str, host: str
) -> Route:
    values = values_by_name(fields)
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


def _key_of(exchange: Exchange) -> str | None:
    """Return the key that the backend got: the one in the body, or where it has none, the session header's."""
    if isinstance(key := exchange.forwarded_key, str):
        return key
    return None if exchange.mode == "observe" else _first_given(values_by_name(exchange.forwarded), SESSION_HEADERS)
