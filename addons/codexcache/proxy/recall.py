"""Turns read back from a saved flow, with the times at which they were sent and ended.

A flow that was saved with the addon carries portraits of its turns; what they say of the client's own envelope and of
the key's source cannot be seen in the flow any more, and is taken from them.
"""

from collections import deque
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast, get_args

from mitmproxy import http, websocket

from ..settings import Mode
from ..turns.continuity import Passage, passage_as_sent
from ..turns.envelope import untouched
from ..turns.memory import KeySource
from ..turns.sockets import Backlog, Socket
from ..turns.turn import read_sender, read_turn
from ..wire.coding import Undecodable, decode
from ..wire.document import Json, Object, Unreadable, as_list, parse
from ..wire.fields import by_name
from ..wire.routes import Endpoint
from .httpturns import coding_of, reader_of
from .socketturns import CREATE

_LONGEST = 30 * 86_400
"""Seconds that a turn can have lasted; a portrait that says more is wrong."""

_END_OF_TIME = 253_402_214_400.0
"""The last day of the year 9999, in seconds since the epoch, so that it is that year in every time zone."""

_LIMIT = 1 << 30
"""Bytes of a decoded body. The capture is the user's own, so this is only to survive a bomb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A turn of a saved flow. Times are seconds since the epoch; its end is not before its beginning."""

    passage: Passage
    sent_at: float
    ended_at: float


def recall_request(flow: http.HTTPFlow, host: str, endpoint: Endpoint, portraits: Sequence[Object]) -> Recalled:
    """Return the turn of a saved request. Raises Undecodable or Unreadable."""
    request, response = flow.request, flow.response
    sender = read_sender(request.headers.fields)
    document = parse(decode(request.raw_content or b"", coding_of(sender.values), _LIMIT))
    passage = passage_as_sent(read_turn(sender, document, transport="http", host=host, endpoint=endpoint))
    if response is not None:
        _read(response, passage)
    sent_at = request.timestamp_end or request.timestamp_start
    ended_at = (response.timestamp_end or response.timestamp_start) if response else sent_at
    return _as_portrayed(_recalled(passage, sent_at, ended_at), portraits[-1:])


def recall_socket(flow: http.HTTPFlow, host: str, portraits: Sequence[Object]) -> Iterator[Recalled]:
    """Yield the turns of a saved WebSocket, in the order in which they ended.

    Each has the portrait with its time: of a long socket the oldest messages are missing, or the oldest portraits, and
    a turn that had not ended when the flow was saved has none.
    """
    known = {at: portrait for portrait in portraits if isinstance(at := portrait.get("sent_at"), float)}
    for turn in _turns(flow, host, known):
        yield _as_portrayed(turn, [known[turn.sent_at]] if turn.sent_at in known else [])


def _recalled(passage: Passage, sent_at: float, ended_at: float) -> Recalled:
    """Return a turn with its times; the clock may have been set back in between."""
    start, end = _placed(sent_at), _placed(ended_at)
    passage.outcome.settle()
    if passage.first_byte_at is not None:
        passage.first_byte_at = _placed(passage.first_byte_at)
    return Recalled(passage=passage, sent_at=start, ended_at=max(start, end))


def _placed(at: float) -> float:
    """Return a time that a calendar knows; a file can hold any number, and some that are none."""
    return at if 0 <= at < _END_OF_TIME else 0.0


def _read(response: http.Response, passage: Passage) -> None:
    """Read a whole response as its stream was read."""
    try:
        reader = reader_of(response, by_name(response.headers.fields), passage, lambda: None)
        reader.feed(response.raw_content or b"")
        reader.feed(b"")
    except Undecodable:
        return  # what cannot be read has no usage, and the verdict says so


def _turns(flow: http.HTTPFlow, host: str, told: Container[float]) -> Iterator[Recalled]:
    """Yield turns; a frame that was dropped is none, unless it has been told of: it was killed while it was held."""
    assert flow.websocket is not None
    sender = read_sender(flow.request.headers.fields)
    socket = Socket(sender=sender, host=host, backlog=Backlog(limit=0), handshake=untouched(sender))
    sent = deque[float]()
    for message in flow.websocket.messages:
        if not message.is_text or (message.dropped and message.timestamp not in told):
            continue
        if message.from_client and (passage := _passage(socket, message)):
            sent.append(message.timestamp)
            socket.begin(passage)
        elif not message.from_client and (passage := socket.read_event(message.content, message.timestamp)):
            yield _recalled(passage, sent.popleft(), message.timestamp)
    for passage in socket.abandon():
        ended_at = flow.websocket.timestamp_end or flow.websocket.messages[-1].timestamp
        yield _recalled(passage, sent.popleft(), ended_at)


def _passage(socket: Socket, message: websocket.WebSocketMessage) -> Passage | None:
    """Return the passage of a client's frame, None for one that is no turn."""
    if CREATE.encode() not in message.content:
        return None
    try:
        document = parse(message.content)
    except Unreadable:
        return None
    if document.get("type") != CREATE:
        return None
    return passage_as_sent(socket.read_turn(document))


def _as_portrayed(recalled: Recalled, portraits: Sequence[Object]) -> Recalled:
    """Add what only the turn's portrait knows, where there is one."""
    if not portraits:
        return recalled
    passage, portrait = recalled.passage, portraits[-1]
    passage.recalled = portrait
    mode, source = portrait.get("mode"), portrait.get("key_source")
    passage.mode = cast(Mode, mode) if mode in get_args(Mode) else "observe"
    source = cast(KeySource, source) if source in get_args(KeySource.__value__) else passage.identity.source
    passage.identity = replace(passage.identity, source=source, continued=portrait.get("continued") is True)
    passage.envelope = replace(passage.envelope, changed=_names(portrait.get("changed")))
    ended_at = portrait.get("ended_at")
    if not isinstance(ended_at, float) or not 0 <= ended_at - recalled.sent_at <= _LONGEST:
        return recalled
    return replace(recalled, ended_at=ended_at)


def _names(value: Json) -> tuple[str, ...]:
    return tuple(name for name in as_list(value) if isinstance(name, str) and name.isascii() and name.isprintable())
