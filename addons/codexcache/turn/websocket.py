"""One WebSocket: who opened it, its turns in order, and how much of it is kept for viewing.

The backend answers one frame at a time (openai/codex, `responses_websocket.rs`), so an event belongs to the oldest
turn that is not finished.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..body.json_splice import Object
from .exchange import Exchange
from .key_memory import CacheKey
from .request import ClientHeaders, ParsedBody, Turn, read_turn
from .rewrite import RequestEdits


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket to the backend. `sender` is read from the handshake as the client sent it."""

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
        """Read the turn of a frame, as `read_turn` does."""
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
        """Note that a turn was sent; one without a key, such as a warm-up, is none to go on from."""
        exchange.handshake, exchange.opens_socket, self.begun = self.handshake, not self.begun, True
        self.last = exchange.cache_key if exchange.cache_key.key else self.last
        exchange.response_info.status = 200  # until an error frame says otherwise
        self.open_turns.append(exchange)

    def read_event(self, data: bytes, at: float) -> Exchange | None:
        """Take in a frame of the backend that came at `at`, in seconds; return the turn that it finished, if it did."""
        if not self.open_turns:
            return None
        exchange = self.open_turns[0]
        exchange.first_byte_at = exchange.first_byte_at or at
        exchange.response_info.read_event(data)
        return self.open_turns.popleft() if exchange.response_info.finished else None

    def abandon(self) -> Iterator[Exchange]:
        """Yield the turns that were not finished when the socket ended."""
        while self.open_turns:
            yield self.open_turns.popleft()


@dataclass(slots=True, kw_only=True)
class Backlog:
    """How many bytes of a socket's messages are in memory, and which of them have to go."""

    limit: int
    size: int = 0

    def add(self, size: int) -> bool:
        """Count a new message of this size; tell whether there is more now than the limit allows."""
        self.size += size
        return self.size > self.limit

    def surplus(self, sizes: list[int]) -> int:
        """Return how many of the oldest messages have to go, given the sizes of all; the latest always stays.

        Half of the limit is freed at a time, so that most messages cost one addition.
        """
        self.size = sum(sizes)
        gone = 0
        while self.size > self.limit // 2 and gone < len(sizes) - 1:
            self.size -= sizes[gone]
            gone += 1
        return gone
