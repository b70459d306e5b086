"""One WebSocket: who opened it, its turns in order, and how much of it is kept for viewing.

The backend answers one frame at a time (openai/codex, `responses_websocket.rs`), so an event belongs to the oldest
turn that is not finished.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..wire.document import Object
from .continuity import Passage
from .envelope import Envelope
from .memory import Identity
from .turn import Reading, Sender, Turn, read_turn


@dataclass(slots=True, kw_only=True)
class Socket:
    """A WebSocket to the backend. `sender` is read from the handshake as the client sent it."""

    sender: Sender
    host: str
    backlog: "Backlog"
    handshake: Envelope = field(default_factory=lambda: Envelope(fields=()))
    last: Identity | None = None
    begun: bool = False
    open_turns: deque[Passage] = field(default_factory=deque)

    def read_turn(self, document: Object, known: Reading | None = None, changed: Collection[str] | None = None) -> Turn:
        """Read the turn of a frame, as `read_turn` does."""
        return read_turn(
            self.sender,
            document,
            transport="websocket",
            host=self.host,
            endpoint="responses",
            known=known,
            changed=changed,
        )

    def begin(self, passage: Passage) -> None:
        """Note that a turn was sent; one without a key, such as a warm-up, is none to go on from."""
        passage.handshake, passage.opens_socket, self.begun = self.handshake, not self.begun, True
        self.last = passage.identity if passage.identity.key else self.last
        passage.outcome.status = 200  # until an error frame says otherwise
        self.open_turns.append(passage)

    def read_event(self, data: bytes, at: float) -> Passage | None:
        """Take in a frame of the backend that came at `at`, in seconds; return the turn that it finished, if it did."""
        if not self.open_turns:
            return None
        passage = self.open_turns[0]
        passage.first_byte_at = passage.first_byte_at or at
        passage.outcome.read_event(data)
        return self.open_turns.popleft() if passage.outcome.finished else None

    def abandon(self) -> Iterator[Passage]:
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
