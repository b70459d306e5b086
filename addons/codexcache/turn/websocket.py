"""One WebSocket: its handshake, the turns on it in order, and how many bytes of it are kept for viewing.

The backend answers one frame at a time (openai/codex, `responses_websocket.rs`), so an event belongs to the oldest
turn that is not finished.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..body.json_splice import Object
from .cache_key import CacheKey
from .exchange import Exchange
from .request import ClientHeaders, ParsedBody, Turn, read_turn
from .rewrite import RequestEdits


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket to the backend. `client_headers` are those of the handshake as the client sent it.

    `last` is the key of its last turn that had one, `begun` is True once a turn was sent.
    """

    client_headers: ClientHeaders
    host: str
    backlog: "Backlog"
    handshake: RequestEdits = field(default_factory=lambda: RequestEdits(fields=()))
    last: CacheKey | None = None
    begun: bool = False
    open_turns: deque[Exchange] = field(default_factory=deque)

    def read_turn(
        self, document: Object, cached: ParsedBody | None = None, changed: Collection[str] | None = None
    ) -> Turn:
        """Return the turn of a frame, as `request.read_turn` does."""
        return read_turn(
            self.client_headers,
            document,
            transport="websocket",
            host=self.host,
            endpoint="responses",
            cached=cached,
            changed=changed,
        )

    def begin(self, exchange: Exchange) -> None:
        """Note that a turn was sent. No key is inherited from one without a key, such as a warm-up."""
        exchange.handshake, exchange.opens_socket, self.begun = self.handshake, not self.begun, True
        self.last = exchange.cache_key if exchange.cache_key.key else self.last
        exchange.response_info.status = 200  # until an error frame has another
        self.open_turns.append(exchange)

    def read_event(self, data: bytes, at: float) -> Exchange | None:
        """Read a frame of the backend that came at `at`, in seconds; return the turn that it finished, or None."""
        if not self.open_turns:
            return None
        exchange = self.open_turns[0]
        exchange.first_byte_at = exchange.first_byte_at or at
        exchange.response_info.read_event(data)
        return self.open_turns.popleft() if exchange.response_info.finished else None

    def abandon(self) -> Iterator[Exchange]:
        """Yield the turns that were not finished when the socket was closed."""
        while self.open_turns:
            yield self.open_turns.popleft()


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
