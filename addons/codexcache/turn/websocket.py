"""One WebSocket: its handshake, the turns on it in order, and how many bytes of it are kept for viewing.

An event belongs to the turn whose response it names. Which response that is, its first event tells: the backend answers
one frame at a time (openai/codex, `responses_websocket.rs`), so it is the response to the oldest turn without one. What
the client sent need not have left, though, and what the backend sent need not have come: another addon can drop either.
So a turn whose frame was dropped is passed over, one whose end was lost stays open, as its end can still come, and the
end of a response that is no turn's is ignored.
"""

import functools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..body.json_splice import Object
from ..static_frozen import static_frozen
from .cache_key import CacheKey
from .exchange import Exchange, unchanged_exchange
from .rate_limits import EVENT, limits_in_event
from .request import ClientHeaders, ReadTurn, read_turn
from .response import CANCELLED, CREATED, CUT, FINAL, ITEM, REFUSED, ResponseInfo, id_in, kind_of, parsed
from .rewrite import RequestEdits

_WENT_ON = "its WebSocket went on to another response before the end of its own"
MISSED = "another addon dropped the end of its response"

_RATE_LIMITS = EVENT.encode()

_UNENDED = 16
"""Turns of a socket whose response has begun and that can wait for its end; a lost one never comes."""

_NO_CODE, _NO_CLOSE_FRAME = 1005, 1006
"""What RFC 6455 has a closed WebSocket report if no code came, or no close frame at all."""

NO_REFUSAL = (None, 1000, _NO_CODE, _NO_CLOSE_FRAME)
"""Codes of a WebSocket that the server has not closed for a reason of its own."""

_WORD = r"(?=[A-Za-z]{1,20}(?![A-Za-z]))(?>(?:[A-Z]+[a-z]*|[a-z]+)(?:[A-Z]+[a-z]*)?)"
_REASON = re.compile(
    r"(?=.{1,80}\Z)(?!.*\b(?i:bearer|basic)\b)(?!.*\d[^A-Za-z]+\d)"
    rf"(?:(?:{_WORD}(?:[_/'-]{_WORD})*|\d{{1,4}})[.,;:!?]?(?: |\Z))+"
)
"""A reason that can be shown: words, and single small numbers, none of which could be a token, an id or an address."""


class Message(Protocol):
    """A message of a WebSocket, as mitmproxy keeps it; `timestamp` is in seconds since the epoch."""

    content: bytes
    timestamp: float
    dropped: bool


@static_frozen
class SocketTurn:
    """A turn with the message that it was sent in; `sent` is the content that this addon left in that."""

    exchange: Exchange
    message: Message
    sent: bytes

    @property
    def response_info(self) -> ResponseInfo:
        """What is known of the response so far."""
        return self.exchange.response_info

    @property
    def withdrawn(self) -> bool:
        """True if another addon dropped the message: then it is no turn. One that the user killed is told of."""
        return self.message.dropped and not self.response_info.cut_short


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket to the backend. `client_headers` are those of the handshake as the client sent it.

    `open_turns` have been sent and are not over.
    """

    client_headers: ClientHeaders
    host: str
    backlog: "Backlog"
    handshake: RequestEdits = field(default_factory=lambda: RequestEdits(fields=()))
    is_answered_elsewhere: bool = False
    open_turns: list[SocketTurn] = field(default_factory=list)
    _limits: dict[str, float] = field(default_factory=dict)
    _begun: bool = False
    _latest: SocketTurn | None = None
    _last: CacheKey | None = None
    _running: SocketTurn | None = None
    _amid: bool = False
    _over_ids: deque[str | None] = field(default_factory=lambda: deque(maxlen=_UNENDED))

    @property
    def last(self) -> CacheKey | None:
        """The key of the last turn that had one and left."""
        latest = self._latest
        if latest and latest.exchange.cache_key.key and not latest.withdrawn:
            return latest.exchange.cache_key
        return self._last

    @property
    def read_turn(self) -> ReadTurn:
        """What reads the turn of a frame."""
        headers, host = self.client_headers, self.host
        return functools.partial(read_turn, headers, transport="websocket", host=host, endpoint="responses")

    def refused(self) -> Exchange:
        """Return the exchange of the handshake itself, which was refused: it has header fields, and no body."""
        turn = read_turn(self.client_headers, {}, transport="websocket", host=self.host, endpoint="handshake")
        exchange = unchanged_exchange(turn)
        exchange.handshake, exchange.opens_socket = self.handshake, True
        exchange.response_info.ended = REFUSED
        return exchange

    def begin(self, exchange: Exchange, message: Message) -> SocketTurn:
        """Note that a turn was sent, and return it. No key is inherited from one without a key, such as a warm-up."""
        begun = self._begun or any(not turn.withdrawn for turn in self.open_turns)
        exchange.handshake, exchange.opens_socket = self.handshake, not begun
        exchange.response_info.status = 200  # until an error frame has another
        exchange.response_info.limits_before, self._limits = self._limits, {}
        turn = SocketTurn(exchange=exchange, message=message, sent=message.content)
        self._last, self._latest = self.last, turn
        self.open_turns.append(turn)
        return turn

    def read_event(self, data: bytes, at: float, *, dropped: bool = False) -> Sequence[SocketTurn]:
        """Read a frame of the backend that came at `at`, in seconds; return the turns that are over by then.

        The client does not get a frame that another addon `dropped`: a turn that ends so has no counters. What comes
        of rate limits between two turns was so before the second.
        """
        kind = kind_of(data)
        if not self.open_turns:
            self._limits |= limits_in_event(parsed(data)) if kind == _RATE_LIMITS else {}
            return ()
        if kind is None and self.open_turns[0].exchange.first_byte_at is not None:
            return ()
        over = [self._close(turn) for turn in [*self.open_turns] if turn.withdrawn]
        return [*over, *self._take(kind, data, at, dropped)] if self.open_turns else over

    def abandon(self, cut_short: str, ended: str = CUT) -> Iterator[SocketTurn]:
        """Yield the turns that were not over when the socket was closed; `cut_short` and `ended` say how it was."""
        while self.open_turns:
            turn = self.open_turns[0]
            overtaken = turn.response_info.begun and turn is not self._running
            yield self._cut(turn, _WENT_ON) if overtaken else self._cut(turn, cut_short, ended)

    def _take(self, kind: bytes | None, data: bytes, at: float, dropped: bool) -> Iterator[SocketTurn]:
        """Give an event to the turn that it belongs to, and yield those that are over."""
        event = parsed(data) if kind not in (None, CREATED, ITEM) else None
        turn = self._begin_response(data) if kind == CREATED else self._current if event is None else self._of(event)
        if turn is None:
            return
        turn.exchange.first_byte_at = turn.exchange.first_byte_at or at
        if event is None:
            if kind:
                turn.response_info.buffer(kind, data)
            return
        if not dropped:
            turn.response_info.take(event)
        if event.get("type") in FINAL:
            yield self._cut(turn, MISSED) if dropped else self._close(turn)
            unended = [turn for turn in self.open_turns if turn.response_info.begun]
            yield from [self._cut(turn, _WENT_ON) for turn in unended[:-_UNENDED]]

    @property
    def _waiting(self) -> SocketTurn | None:
        """The oldest turn whose response has not begun."""
        return next((turn for turn in self.open_turns if not turn.response_info.begun), None)

    @property
    def _current(self) -> SocketTurn:
        """The turn to which an event belongs that names no response."""
        return self._running or self._waiting or self.open_turns[-1]

    def _begin_response(self, data: bytes) -> SocketTurn | None:
        """Return the turn whose response begins with an event; None for one that is no turn's.

        One begins amid another only where an end was lost, or one of the two is no turn's.
        """
        running, waiting = self._running, self._waiting
        if running and self._announced(id_in(parsed(data))):
            return None
        if waiting:
            self._running, self._amid = waiting, running is not None
        elif running and self._amid:  # what seemed its beginning was no turn's
            running.response_info.take(parsed(data))
        return waiting

    def _announced(self, response_id: str | None) -> SocketTurn | None:
        """Return the turn whose response has begun under an id, the latest first."""
        for turn in reversed(self.open_turns):
            info = turn.response_info
            if info.begun and (info.response_id == response_id or not info.is_another(response_id)):
                return turn
        return None

    def _of(self, event: Object) -> SocketTurn | None:
        """Return the turn whose response an event ends; None for a response that is no turn's, or was over before.

        One without an id, or of which no beginning has come, ends the response that is under way only if no turn was
        sent since that began: a client sends the next when it takes the last one for over.
        """
        response_id = id_in(event)
        if response_id and (turn := self._announced(response_id)):
            return turn
        running, waiting = self._running, self._waiting
        if running and waiting and waiting.message.timestamp > (running.exchange.first_byte_at or 0):
            running = None
        if response_id is None:
            return running or waiting or self.open_turns[-1]
        return None if running or response_id in self._over_ids else waiting

    def _cut(self, turn: SocketTurn, cut_short: str, ended: str = CUT) -> SocketTurn:
        """End a turn without the end of its response."""
        if not turn.withdrawn:
            turn.response_info.cut_short = turn.response_info.cut_short or cut_short
            turn.response_info.end(ended)
        return self._close(turn)

    def _close(self, turn: SocketTurn) -> SocketTurn:
        if turn is self._latest:
            self._last, self._latest = self.last, None
        self._running = None if turn is self._running else self._running
        self.open_turns = [other for other in self.open_turns if other is not turn]
        if not turn.withdrawn:
            self._begun = True
            self._over_ids.append(turn.response_info.announced_id)
        return turn


def closing(*, by_client: bool | None, code: int | None, reason: str | None) -> str:
    """Return how a WebSocket was closed, with its reason where that is plain words; it can hold anything."""
    peer = "client" if by_client else "server"
    if code in (None, _NO_CLOSE_FRAME):
        return f"its WebSocket lost the connection to the {peer}"
    told = "without a code" if code == _NO_CODE else f"with {code}"
    shown = f" ({reason})" if reason and _REASON.fullmatch(reason) else ""
    return f"its WebSocket was closed by the {peer} {told}{shown}"


def ended_by_closing(*, by_client: bool | None, code: int | None) -> str:
    """Return how a turn ended that was not over when its WebSocket was closed."""
    if by_client:
        return CANCELLED
    return CUT if code in (None, _NO_CLOSE_FRAME) else f"closed {code}"


@dataclass(slots=True, kw_only=True)
class Backlog:
    """The total size in bytes of a socket's messages in memory, and its limit."""

    limit: int
    size: int = 0

    def add(self, size: int) -> bool:
        """Count a new message of this size; return True if the total is over the limit."""
        self.size += size
        return self.size > self.limit

    def surplus(self, sizes: list[int]) -> int:
        """Return how many of the oldest messages must go, given the sizes of all; the latest always stays.

        Half of the limit is freed at a time, so most messages cost one addition.
        """
        self.size = sum(sizes)
        gone = 0
        while self.size > self.limit // 2 and gone < len(sizes) - 1:
            self.size -= sizes[gone]
            gone += 1
        return gone
