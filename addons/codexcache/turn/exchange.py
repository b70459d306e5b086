"""One exchange: a turn, its cache key, the edits of its request, and its response. The entry point of this layer.

`Continuity` holds what lasts from turn to turn. `begin` gives a turn its key and plans its edits; `finish` learns from
the response, which key it belongs to and which parameter the backend rejected. HTTP, `/compact` and WebSocket turns all
pass through here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ..body.json_splice import Json, Object
from ..options import Mode, Settings
from ..wire.content_encoding import Undecodable
from ..wire.headers import Fields, Values, client_name, coding_of, is_event_stream, values_by_name
from .cache_key import CacheKey, EarlierTurn, Entry, KeyMemory, LruDict, choose_key, client_of
from .rate_limits import limits_in_headers
from .record import Record
from .rejected_params import Refusal, RejectedParams, rejected_param, top_level
from .repaired import RepairedTurn
from .request import ClientHeaders, Turn, of_another_client
from .response import ResponseInfo
from .rewrite import KEY_MEMBER, RequestEdits, no_edits, plan_edits, plan_handshake_edits
from .stream import Reader, reader_for

_CLIENTS = 1_000
"""Clients of which it is remembered that they were named."""

_IMITATOR = (
    "{} sends the official client's headers, but a new session, thread and key with each request, which that never "
    "does. From now on its turns keep the key of their conversation, as those of any other client."
)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A turn and its response.

    `edited_turn` is the turn as it left, if it was edited after this addon had seen it. It continues an `earlier` turn,
    if one is known; `remembered` is what later turns can continue. An `imitator` is a client that is not the official
    one, though its headers say so. `repair` is what was repaired, None where `codex_repair` does not concern the turn.
    """

    turn: Turn
    cache_key: CacheKey
    edits: RequestEdits
    response_info: ResponseInfo = field(default_factory=ResponseInfo)
    closed: bool = False
    edited_turn: Turn | None = None
    mode: Mode = "observe"
    record: Record | None = None
    first_byte_at: float | None = None
    saved_summary: Object | None = None
    handshake: RequestEdits | None = None
    opens_socket: bool = False
    earlier: EarlierTurn | None = None
    remembered: EarlierTurn | None = None
    imitator: bool = False
    repair: RepairedTurn | None = None

    def begin_response(
        self, status: int, values: Values, at: float, on_finished: Callable[[], None] = lambda: None
    ) -> Reader | None:
        """Record how the response begins; return the reader of the rest, None if its content coding is not known.

        `values` are its header fields, `at` is in seconds since the epoch. A turn ends with its last event, not with
        its connection: then `on_finished` is called, perhaps more than once.
        """
        self.response_info.status, self.first_byte_at = status, at
        # A challenge page asks for a browser (router-for-me/CLIProxyAPI#3626).
        self.response_info.challenge = values.get("cf-mitigated") == ["challenge"]
        self.response_info.limits |= limits_in_headers(values)
        coding, is_stream = coding_of(values), is_event_stream(values)
        try:
            return reader_for(self.response_info, coding=coding, event_stream=is_stream, on_finished=on_finished)
        except Undecodable:
            self.response_info.end_unreadable(coding)  # nothing but its head is known, and the verdict says so
            return None

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of what was changed and left so; a handshake's headers count for the first turn of its socket."""
        own = self.edits.changed
        if left := self.edited_turn:
            own = tuple(name for name in own if self._left_as_written(name, left))
        return (*(self.handshake.changed if self.handshake and self.opens_socket else ()), *own)

    @property
    def repaired(self) -> tuple[str, ...]:
        """The repairs that this turn left with."""
        if self.repair is None:
            return ()
        left = self.changed
        return tuple(dict.fromkeys(part.repair for part in self.repair.parts if part.member in left))

    @property
    def forwarded_key(self) -> Json:
        """The `prompt_cache_key` in the body that the backend got."""
        if self.edited_turn:
            return self.edited_turn.document.get(KEY_MEMBER)
        return self.edits.put.get(KEY_MEMBER, self.turn.document.get(KEY_MEMBER))

    @property
    def forwarded(self) -> Fields:
        """The header fields that the backend got: those of the request, or of the socket's handshake."""
        if self.edited_turn and not self.handshake:
            return self.edited_turn.client_headers.fields
        return (self.handshake or self.edits).fields

    def _left_as_written(self, name: str, left: Turn) -> bool:
        """Return True if a changed member or header was still as this addon had written it when the turn left."""
        if self.repair and name in self.repair.members:
            return self.repair.left_in(left, name)
        if name in self.edits.drop:
            return name not in left.document
        if name in self.edits.put:
            return left.document.get(name) == self.edits.put[name]
        return left.client_headers.values.get(name) == values_by_name(self.edits.fields).get(name)

    @property
    def refusal(self) -> Refusal | None:
        """The member of the body that the backend rejected, if any, and if the body is known."""
        if not (error := self.response_info.error) or (self.edited_turn or self.turn).unread:
            return None
        member = rejected_param(error)
        return self._refusal_of(member) if member else None

    def _refusal_of(self, member: str) -> Refusal:
        if member in self.edits.put and member in self.changed and self.turn.explicit_key is None:
            return Refusal(member, "addon")
        sent = self.edited_turn.document if self.edited_turn else self.turn.document.keys() - self.edits.drop
        return Refusal(member, "client" if top_level(member) in sent else "neither")


class Continuity:
    """Gives turns their keys, and learns from the responses."""

    def __init__(self, memory: KeyMemory | None = None, rejected_params: RejectedParams | None = None) -> None:
        self.memory = memory or KeyMemory()
        self._rejected_params = rejected_params or RejectedParams()
        self._named: LruDict[Entry, bool] = LruDict(_CLIENTS)

    @property
    def rejected_params(self) -> list[str]:
        """What follows from the rejected parameters, a sentence each."""
        return self._rejected_params.lines()

    def open_socket(self, client_headers: ClientHeaders, settings: Settings) -> RequestEdits:
        """Return the edits of a WebSocket's handshake."""
        return no_edits(client_headers) if settings.mode == "observe" else plan_handshake_edits(client_headers)

    def begin(self, turn: Turn, settings: Settings, last: CacheKey | None = None) -> Exchange:
        """Return the exchange of a turn that is about to be sent; `last` is the key of the last turn on its socket."""
        earlier = self.memory.find(turn)
        if settings.mode == "observe":
            return self._observe(turn, earlier)
        imitates = self.memory.imitates(turn, earlier)
        turn = of_another_client(turn) if imitates else turn
        cache_key = choose_key(turn, earlier, hold=imitates or settings.mode == "pin", last=last)
        removed, omit_key = self._rejected_params.learned(turn.endpoint, turn.host, turn.model)
        return Exchange(
            turn=turn,
            cache_key=cache_key,
            edits=plan_edits(turn, cache_key, strip=settings.strip | (removed & settings.learn), omit_key=omit_key),
            mode=settings.mode,
            earlier=earlier,
            remembered=self.memory.remember(turn, cache_key, earlier),
            imitator=imitates,
        )

    def _observe(self, turn: Turn, earlier: EarlierTurn | None) -> Exchange:
        """Return the exchange of a turn that leaves as it came, with what it continues."""
        exchange = unchanged_exchange(turn)
        exchange.earlier, exchange.remembered = earlier, self.memory.remember(turn, exchange.cache_key, earlier)
        return exchange

    def finish(self, exchange: Exchange, settings: Settings) -> str | None:
        """Learn from the response, once; return a message for the user, None if there is none."""
        if exchange.closed:
            return None
        exchange.closed = True
        info = exchange.response_info
        info.read_buffered()
        if exchange.remembered:
            self.memory.remember_response(exchange.turn, exchange.remembered, info.response_id, info.outputs)
        return " ".join(filter(None, (self._name_imitator(exchange), self._learn(exchange, settings)))) or None

    def _name_imitator(self, exchange: Exchange) -> str | None:
        """Return what is to be said of an imitator, once."""
        if not exchange.imitator or self._named.get(client := client_of(exchange.turn)):
            return None
        self._named.put(client, True)
        return _IMITATOR.format(client_name(exchange.turn.client_headers.agent) or "A client")

    def _learn(self, exchange: Exchange, settings: Settings) -> str | None:
        """Note which parameter was rejected, according to its origin and the user's settings."""
        turn, refusal = exchange.turn, exchange.refusal
        if refusal is None or refusal.origin == "neither" or exchange.response_info.status not in (None, 200, 400):
            return None
        if refusal.origin == "addon":
            return self._rejected_params.key_refused(turn.endpoint, turn.host, turn.model)
        if refusal.member in settings.learn and settings.mode != "observe":
            return self._rejected_params.member_learned(refusal.member, turn.host, turn.model)
        return self._rejected_params.member_kept(refusal.member, turn.host, settings.strip)


def unchanged_exchange(turn: Turn, mode: Mode = "observe") -> Exchange:
    """Return the exchange of a turn that is not edited, though in another mode than `observe` it could have been."""
    return Exchange(turn=turn, cache_key=_own_key(turn), edits=no_edits(turn.client_headers), mode=mode)


def _own_key(turn: Turn) -> CacheKey:
    """Return the key that the turn was sent with: the client's own, else its session."""
    if turn.explicit_key:
        return CacheKey(key=turn.explicit_key, source="prompt_cache_key")
    return CacheKey(key=turn.session, source="session") if turn.session else CacheKey(key=None, source="none")
