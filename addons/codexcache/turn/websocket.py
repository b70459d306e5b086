"""One WebSocket: its handshake, the turns on it in order, and how many bytes of it are kept for viewing.

The backend answers one frame at a time (openai/codex, `responses_websocket.rs`), so an event belongs to the oldest
turn that is not over. What the client sent need not have left, though, and what the backend sent need not have come:
another addon can drop either. So a turn whose frame was dropped is passed over, and where an event names another
response than the one that the oldest turn's has been announced as, that turn is over, and the event is the next one's.
"""

import functools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from ..body.json_splice import Object
from ..static_frozen import static_frozen
from .cache_key import CacheKey
from .exchange import Exchange, unchanged_exchange
from .request import ClientHeaders, ReadTurn, read_turn
from .response import FINAL, ResponseInfo, id_in, kind_of, parsed
from .rewrite import RequestEdits

_WENT_ON = "its WebSocket went on to another response before the end of its own"
_MISSED = "another addon dropped the end of its response"

_NO_CODE, _NO_CLOSE_FRAME = 1005, 1006
"""What RFC 6455 has a closed WebSocket report if no code came, or no close frame at all."""

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

    `open_turns` have been sent and are not over; only the response of the first can have begun.
    """

    client_headers: ClientHeaders
    host: str
    backlog: "Backlog"
    handshake: RequestEdits = field(default_factory=lambda: RequestEdits(fields=()))
    open_turns: deque[SocketTurn] = field(default_factory=deque)
    _last: CacheKey | None = None
    _begun: bool = False
    _over_id: str | None = None

    @property
    def last(self) -> CacheKey | None:
        """The key of the last turn that had one and left."""
        keys = (turn.exchange.cache_key for turn in reversed(self.open_turns) if not turn.withdrawn)
        return next((key for key in keys if key.key), self._last)

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
        return exchange

    def begin(self, exchange: Exchange, message: Message) -> SocketTurn:
        """Note that a turn was sent, and return it. No key is inherited from one without a key, such as a warm-up."""
        begun = self._begun or any(not turn.withdrawn for turn in self.open_turns)
        exchange.handshake, exchange.opens_socket = self.handshake, not begun
        exchange.response_info.status = 200  # until an error frame has another
        turn = SocketTurn(exchange=exchange, message=message, sent=message.content)
        self.open_turns.append(turn)
        return turn

    def read_event(self, data: bytes, at: float, *, dropped: bool = False) -> Sequence[SocketTurn]:
        """Read a frame of the backend that came at `at`, in seconds; return the turns that are over by then.

        The client does not get a frame that another addon `dropped`: a turn that ends so has no counters.
        """
        if not self.open_turns:
            return ()
        kind = kind_of(data)
        if kind is None and self.open_turns[0].exchange.first_byte_at is not None:
            return ()
        return self._take(kind, data, at, dropped)

    def abandon(self, cut_short: str) -> Iterator[SocketTurn]:
        """Yield the turns that were not over when the socket was closed; `cut_short` says how it was."""
        while self.open_turns:
            yield self._cut(cut_short)

    def _take(self, kind: bytes | None, data: bytes, at: float, dropped: bool) -> list[SocketTurn]:
        """Give an event to the turn that it belongs to."""
        over = self._withdrawn()
        if not self.open_turns:
            return over
        head = self.open_turns[0].exchange
        head.first_byte_at = head.first_byte_at or at
        if kind is None or head.response_info.buffer(kind, data):
            return over
        event = parsed(data)
        if self._is_late(event):
            return over
        if self._is_of_next(event):
            return [*over, self._cut(_WENT_ON), *self._take(kind, data, at, dropped)]
        if dropped:
            return [*over, self._cut(_MISSED)] if event.get("type") in FINAL else over
        head.response_info.take(event)
        return [*over, self._pop()] if head.response_info.finished else over

    def _is_late(self, event: Object) -> bool:
        """Return True for a second end of the response that was over last."""
        if (response_id := id_in(event)) is None or response_id != self._over_id:
            return False
        first = self.open_turns[0].response_info
        return not first.begun or first.is_another(response_id)

    def _is_of_next(self, event: Object) -> bool:
        """Return True if an event is not the first turn's, of whose response the end was lost.

        A refusal names no response. It belongs to a turn whose own has not begun, if there is one.
        """
        first = self.open_turns[0].response_info
        status = event.get("status", event.get("status_code"))
        if event.get("type") == "error" and isinstance(status, int) and first.begun:
            return any(not turn.withdrawn for turn in islice(self.open_turns, 1, None))
        return first.is_another(id_in(event))

    def _withdrawn(self) -> list[SocketTurn]:
        """Remove and return the first turns, as far as they did not leave after all."""
        over = list[SocketTurn]()
        while self.open_turns and self.open_turns[0].withdrawn:
            over.append(self.open_turns.popleft())
        return over

    def _cut(self, cut_short: str) -> SocketTurn:
        """End the first turn without the end of its response."""
        if not (turn := self.open_turns[0]).withdrawn:
            turn.response_info.cut_short = turn.response_info.cut_short or cut_short
        return self._pop()

    def _pop(self) -> SocketTurn:
        turn = self.open_turns.popleft()
        if not turn.withdrawn:
            self._begun = True
            self._last = turn.exchange.cache_key if turn.exchange.cache_key.key else self._last
            self._over_id = turn.response_info.announced_id
        return turn


def closing(*, by_client: bool | None, code: int | None, reason: str | None) -> str:
    """Return how a WebSocket was closed, with its reason where that is plain words; it can hold anything."""
    peer = "client" if by_client else "server"
    if code in (None, _NO_CLOSE_FRAME):
        return f"its WebSocket lost the connection to the {peer}"
    told = "without a code" if code == _NO_CODE else f"with {code}"
    shown = f" ({reason})" if reason and _REASON.fullmatch(reason) else ""
    return f"its WebSocket was closed by the {peer} {told}{shown}"


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
