"""The turns that are sent, a client's connection through the proxy, and what two clients saw, compared.

Bytes are compared where they are determined. The backend makes up ids for each response and tells the time; those are
masked, by masks of the same length, so that a byte too many or too few still shows.
"""

import re
import ssl
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import zip_longest
from typing import Any, Literal

import h11
import orjson
from embedded_backend.answers import TERMINAL
from toolkit import prompts
from toolkit.wire import http1, websocket
from toolkit.wire.http1 import Field
from toolkit.wire.streams import open_tunnel

End = Literal["complete", "closed", "cut", "left", "refused"]
"""How it ended: whole; by a WebSocket's close frame; in the middle; because the client left; before it began."""

_MADE_UP = re.compile(
    rb"(?<=resp_)[0-9a-f]{32}|(?<=lb_)[0-9a-f]{32}|(?<=ts_)[0-9a-f]{32}"
    rb"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rb'|(?<="created_at":)\d+|(?<=127\.0\.0\.1:)\d+'
)
_TIMES = (b"date",)


@dataclass(frozen=True, slots=True)
class Observation:
    """What a client saw: the status (0: none came), the header fields, the body or the frames as bytes, and the end.

    `close_code` is that of a WebSocket; `note` says what was seen apart from any connection.
    """

    status: int = 0
    fields: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    _: KW_ONLY
    end: End
    close_code: int | None = None
    note: str = ""

    def masked(self) -> "Observation":
        """Return the same without what is different each time."""
        fields = tuple((name, _mask(value)) for name, value in self.fields if name.lower() not in _TIMES)
        return replace(self, fields=fields, body=_mask(self.body))

    def in_short(self) -> str:
        """Return status, size and end as text, for a table."""
        closed = f" {self.close_code}" if self.close_code is not None else ""
        came = f"{self.status}, {len(self.body):,} bytes, " if self.status else ""
        return f"{came}{self.end}{closed}" + (f" ({self.note})" if self.note else "")


def differences(addon: Sequence[Observation], bare: Sequence[Observation]) -> list[str]:
    """Return a sentence for each turn that was not seen alike, beginning with what differs first in it."""
    pairs = enumerate(zip_longest(addon, bare), start=1)
    return [f"turn {number}: {said}" for number, (one, other) in pairs if (said := _difference(one, other))]


def _difference(one: Observation | None, other: Observation | None) -> str:
    if one is None or other is None:
        return "seen only " + ("without the addon" if one is None else "with the addon")
    one, other = one.masked(), other.masked()
    if (one.status, one.end, one.close_code, one.note) != (other.status, other.end, other.close_code, other.note):
        return f"{one.in_short()}; without the addon {other.in_short()}"
    for mine, others in zip_longest(one.fields, other.fields):
        if mine != others:
            return f"the field {mine!r}; without the addon {others!r}"
    if one.body == other.body:
        return ""
    pairs = enumerate(zip_longest(one.body, other.body))
    first = next(at for at, (a, b) in pairs if a != b)
    near = slice(max(0, first - 20), first + 40)
    return f"byte {first:,} of the body: {one.body[near]!r}; without the addon {other.body[near]!r}"


def _mask(data: bytes) -> bytes:
    return _MADE_UP.sub(lambda found: b"*" * len(found[0]), data)


type Kind = Literal["http", "websocket"]

HTTP: Kind = "http"
WEBSOCKET: Kind = "websocket"

HOST = "chatgpt.com"
PATH = "/backend-api/codex/responses"

_LAST = tuple(f'"type":"{kind}"' for kind in TERMINAL)
_PADDED = 1_000_000  # bytes of an answer's tool call, which the backend sends four times over


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn: its prompt cache key, the header fields of its request or handshake, and its body's members."""

    key: str
    fields: list[Field]
    members: dict[str, Any] = field(repr=False)

    @property
    def body(self) -> bytes:
        """The body of a request."""
        return orjson.dumps(self.members)

    @property
    def frame(self) -> str:
        """The text of a WebSocket message."""
        return orjson.dumps({"type": "response.create"} | self.members).decode()


def complete(key: str, **members: Any) -> TurnRequest:
    """Return a turn of a session of its own, with everything that the addon could add.

    So the addon has nothing to change in the body, and the backend answers with the same bytes with and without it.
    """
    turn = ordinary(key, socket=True)
    return replace(turn, members=turn.members | members)


def large(key: str) -> TurnRequest:
    """Return a turn whose answer has about four megabytes: a call of a tool with a long argument."""
    tool = {"type": "function", "name": "shell", "parameters": {"properties": {"command": {}}}}
    return complete(key, tools=[tool], input=[{"role": "user", "content": f"run: {key} {'x' * _PADDED}"}])


def ordinary(key: str, *, socket: bool) -> TurnRequest:
    """Return a turn of a client that sends a key, and a session only in a WebSocket's handshake."""
    fields = [("authorization", f"Bearer token of {key}"), ("chatgpt-account-id", "account"), ("originator", "faults")]
    fields += [("session-id", key)] if socket else []
    asked = {"role": "user", "content": f"What is there to do in {key}?"}  # no other session begins so
    return TurnRequest(key, fields, prompts.body([asked]) | {"prompt_cache_key": key})


def cached_tokens(events: bytes) -> int:
    """Return the cached tokens in the last counters of these events, 0 where there are none."""
    _, found, after = events.rpartition(b'"cached_tokens":')
    return int(after.partition(b",")[0].rstrip(b"}")) if found else 0


async def connect(port: int, tls: ssl.SSLContext, kind: Kind = HTTP, host: str = HOST) -> "Client":
    """Connect to a host through the proxy on a port. Raises OSError or EOFError where that is refused."""
    return Client(http1.Connection(*await open_tunnel(port, host, tls), HOST), kind)


class Client:
    """A connection on which turns are sent one after the other.

    The first turn over a WebSocket opens it. `end` is None while an answer is being read; an upgrade that is refused is
    an end, too.
    """

    def __init__(self, connection: http1.Connection, kind: Kind) -> None:
        self._connection, self._kind = connection, kind
        self._response: http1.Response
        self._peer: websocket.Peer | None = None
        self._before = 0  # messages that came before the turn was sent
        self.end: End | None = None

    async def send(self, turn: TurnRequest, *, half: bool = False) -> None:
        """Send a turn; with `half`, only the head of its request and half of its body."""
        if self._kind == HTTP:
            fields = [*turn.fields, ("content-type", "application/json")]
            data = http1.request_bytes(HOST, PATH, fields, turn.body)
            return await self._begin(data[: -(len(turn.body) // 2)] if half else data)
        if self._peer is None:
            await self._open(turn)
        if self._peer:
            self.end, self._before = None, len(self._peer.frames)
            self._peer.raw.clear()
            await self._peer.send(turn.frame)

    async def _begin(self, data: bytes, method: str = "POST") -> None:
        self.end, self._response = None, self._connection.begin(data, method)
        await self._connection.writer.drain()

    async def _open(self, turn: TurnRequest) -> None:
        await self._begin(websocket.handshake(HOST, PATH, turn.fields), "GET")
        await self.more()
        if self._response.status == 101:
            self._peer = websocket.upgraded(self._response)
        else:
            await self.rest()
            self.end = "refused" if self.end == "complete" else self.end

    async def more(self) -> None:
        """Read what comes next."""
        if self._peer:
            return await self._more_of_socket(self._peer)
        try:
            if not self._response.status:
                await self._response.head()
            elif not await self._response.piece():
                self.end = "complete"
        except h11.RemoteProtocolError:
            self.end = "cut"

    async def _more_of_socket(self, peer: websocket.Peer) -> None:
        await peer.more()
        messages = [str(websocket.joined(fragments)) for fragments in peer.frames[self._before :]]
        if peer.close_code is not None:
            self.end = "cut" if peer.close_code == websocket.CUT else "closed"
        elif any(kind in message for message in messages for kind in _LAST):
            self.end = "complete"

    @property
    def body(self) -> bytes:
        """What has come of the answer's body, or of the WebSocket's frames since the turn was sent."""
        return bytes(self._peer.raw) if self._peer else self._response.body

    @property
    def events(self) -> int:
        """How many whole events have come."""
        return len(self._peer.frames) - self._before if self._peer else self.body.count(b"\n\n")

    async def until(self, events: int) -> None:
        """Read until so many events have come, or the end."""
        while self.end is None and self.events < events:
            await self.more()

    async def rest(self) -> Observation:
        """Read to the end and return what was seen."""
        while self.end is None:
            await self.more()
        return self.observed()

    async def last(self) -> Observation:
        """Read to the end, close the connection, and return what was seen."""
        observed = await self.rest()
        await self.close()
        return observed

    def observed(self) -> Observation:
        """Return what was seen so far; an answer that has not ended is one that the client leaves."""
        response, code = self._response, self._peer.close_code if self._peer else None
        end = self.end or "left"
        return Observation(response.status, tuple(response.fields), self.body, end=end, close_code=code)

    def leave(self) -> Observation:
        """Drop the connection by a TCP reset, and return what was seen."""
        self._connection.reset()
        return self.observed()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.hang_up()
