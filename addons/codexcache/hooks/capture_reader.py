"""Turns read back from a saved flow, with the times at which they were sent and ended.

A flow that was saved with the addon carries summaries of its turns. What the client itself had sent and where the key
came from can no longer be seen in such a flow, so it is taken from the summaries.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, cast, get_args

from mitmproxy import http, websocket

from ..body.json_splice import Json, Object, Unreadable, as_list, parse
from ..options import Mode
from ..output.counter_names import CACHED, INPUT, OUTPUT
from ..turn.cache_key import KeySource
from ..turn.exchange import Exchange, unchanged_exchange
from ..turn.request import read_client_headers, read_turn
from ..turn.response import CANCELLED, KILLED
from ..turn.rewrite import no_edits
from ..turn.websocket import MISSED, Backlog, Socket
from ..wire.content_encoding import Undecodable, decode
from ..wire.headers import coding_of
from ..wire.routes import Endpoint
from .messages import how_it_broke, read_whole
from .websocket import CREATE, UNREAD_TURN, closing_of, how_it_closed, note_limits_of_handshake, refusal_of

_LONGEST = 30 * 86_400
"""Seconds that a turn can have lasted; a summary with a longer time is wrong."""

_END_OF_TIME = 253_402_214_400.0
"""The last day of the year 9999, in seconds since the epoch, so that it is that year in every time zone."""

_ENDED = re.compile(
    r"completed|incomplete|failed|cut|cancelled|refused|elsewhere|closed \d{1,5}|unreadable: [ -~]{1,40}"
)
"""How a summary can say that its turn ended; not all of it can be seen in what was saved."""

_NOT_KEPT = "its response is not in the capture"

_LIMIT = 1 << 30
"""Bytes of a decoded body. The capture is the user's own, so this is only to survive a bomb."""


class SavedTurn(NamedTuple):
    """A turn of a saved flow. Times are seconds since the epoch; its end is not before its beginning."""

    exchange: Exchange
    sent_at: float
    ended_at: float


def read_saved_request(
    flow: http.HTTPFlow, host: str, endpoint: Endpoint, turn_summaries: Sequence[Object]
) -> SavedTurn:
    """Return the turn of a saved request. Of one that cannot be read, what its headers and its response say."""
    client_headers = read_client_headers(flow.request.headers.fields)
    read = partial(read_turn, client_headers, transport="http", host=host, endpoint=endpoint)
    try:
        turn = read(parse(decode(flow.request.raw_content or b"", coding_of(client_headers.values), _LIMIT)))
    except (Undecodable, Unreadable) as reason:
        turn = read({}, unread=str(reason))
    return _answered(flow, unchanged_exchange(turn), turn_summaries)


def read_saved_refusal(flow: http.HTTPFlow, host: str, turn_summaries: Sequence[Object]) -> SavedTurn:
    """Return what became of the handshake of a WebSocket that was refused."""
    return _answered(flow, _socket(flow, host).refused(), turn_summaries)


def read_saved_socket(flow: http.HTTPFlow, host: str, turn_summaries: Sequence[Object]) -> Iterator[SavedTurn]:
    """Yield the turns of a saved WebSocket, in the order in which they ended.

    Each has the summary with its time: of a long socket the oldest messages are missing, or the oldest summaries, and
    a turn that had not ended when the flow was saved has none.
    """
    known = {at: summary for summary in turn_summaries if isinstance(at := summary.get("sent_at"), float)}
    for turn in _turns(flow, host, known):
        yield _with_summary(turn, known.get(turn.sent_at))


def _answered(flow: http.HTTPFlow, exchange: Exchange, turn_summaries: Sequence[Object]) -> SavedTurn:
    """Return the one turn of a flow, with its response; a HAR has a status of 0 where none came."""
    sent_at = ended_at = _sent_at(flow.request, flow.response)
    turn_summary, info = turn_summaries[-1] if turn_summaries else None, exchange.response_info
    if (response := flow.response) and response.status_code:
        read_whole(response, exchange)
        ended_at = response.timestamp_end or response.timestamp_start
        if response.raw_content is None:
            info.usage, info.cut_short = _counters(turn_summary) if turn_summary else {}, _NOT_KEPT
    turn = _saved_turn(exchange, sent_at, ended_at)
    info.end("" if info.cut_short == _NOT_KEPT else how_it_broke(flow))
    return _with_summary(turn, turn_summary)


def _counters(turn_summary: Object) -> Object:
    """Return the counters in a summary as the backend had sent them."""
    given, cached, output = (turn_summary.get(name) for name in (INPUT, CACHED, OUTPUT))
    return {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": output}


def _sent_at(request: http.Request, response: http.Response | None) -> float:
    """Return when a request had left; mitmproxy gives request and response of a HAR the times of both together."""
    if response and request.timestamp_start == response.timestamp_start:
        return request.timestamp_start
    return request.timestamp_end or request.timestamp_start


def _saved_turn(exchange: Exchange, sent_at: float, ended_at: float) -> SavedTurn:
    """Return a turn with its times; the clock may have been set back in between."""
    start, end = _placed(sent_at), _placed(ended_at)
    exchange.response_info.read_buffered()
    if exchange.first_byte_at is not None:
        exchange.first_byte_at = _placed(exchange.first_byte_at)
    return SavedTurn(exchange=exchange, sent_at=start, ended_at=max(start, end))


def _placed(at: float) -> float:
    """Return a time that a calendar knows; a file can hold any number, and some that are none."""
    return at if 0 <= at < _END_OF_TIME else 0.0


def _turns(flow: http.HTTPFlow, host: str, summaries: Mapping[float, Object]) -> Iterator[SavedTurn]:
    """Yield turns. A dropped message is none, unless it has a summary: then it was killed while it was held.

    The end of a response that was dropped counts where a turn is known to have ended with it, having been read before.
    """
    assert flow.websocket is not None
    socket = _socket(flow, host)
    read = [known.get("ended_at") for known in summaries.values() if MISSED not in str(known.get("because"))]
    for message in flow.websocket.messages:
        if not message.from_client:
            missed = message.dropped and message.timestamp not in read
            for turn in socket.read_event(message.content, message.timestamp, dropped=missed):
                yield _saved_turn(turn.exchange, turn.message.timestamp, message.timestamp)
        elif (exchange := _exchange(socket, message)) and (not message.dropped or message.timestamp in summaries):
            if message.dropped:
                exchange.response_info.cut_short, exchange.response_info.ended = KILLED, CANCELLED
            socket.begin(exchange, message)
            note_limits_of_handshake(flow, exchange)
    for turn in socket.abandon(closing_of(flow.websocket), how_it_closed(flow)):
        ended_at = flow.websocket.timestamp_end or flow.websocket.messages[-1].timestamp
        yield _saved_turn(turn.exchange, turn.message.timestamp, ended_at)
    if refusal := refusal_of(flow, socket):
        sent_at = _sent_at(flow.request, flow.response)
        yield _saved_turn(refusal, sent_at, flow.websocket.timestamp_end or sent_at)


def _socket(flow: http.HTTPFlow, host: str) -> Socket:
    client_headers = read_client_headers(flow.request.headers.fields)
    return Socket(
        client_headers=client_headers, host=host, backlog=Backlog(limit=0), handshake=no_edits(client_headers)
    )


def _exchange(socket: Socket, message: websocket.WebSocketMessage) -> Exchange | None:
    """Return the exchange of a client's frame, None for one that is not a turn."""
    try:
        document = parse(message.content)
    except Unreadable as reason:
        turn = socket.read_turn({}, unread=str(reason)) if UNREAD_TURN.search(message.content) else None
    else:
        turn = socket.read_turn(document) if document.get("type") == CREATE else None
    return unchanged_exchange(turn) if turn else None


def _with_summary(turn: SavedTurn, turn_summary: Object | None) -> SavedTurn:
    """Add what only the turn's summary knows, where there is one."""
    if turn_summary is None:
        return turn
    exchange = turn.exchange
    exchange.saved_summary = turn_summary
    mode, source = turn_summary.get("mode"), turn_summary.get("key_source")
    exchange.mode = cast(Mode, mode) if mode in get_args(Mode) else "observe"
    source = cast(KeySource, source) if source in get_args(KeySource.__value__) else exchange.cache_key.source
    exchange.cache_key = replace(exchange.cache_key, source=source, inherited=turn_summary.get("continued") is True)
    exchange.edits = replace(exchange.edits, changed=_names(turn_summary.get("changed")))
    if isinstance(ended := turn_summary.get("ended"), str) and _ENDED.fullmatch(ended):
        exchange.response_info.ended = ended
    ended_at = turn_summary.get("ended_at")
    if isinstance(ended_at, float) and 0 <= ended_at - turn.sent_at <= _LONGEST:
        return turn._replace(ended_at=ended_at)
    return turn


def _names(value: Json) -> tuple[str, ...]:
    return tuple(name for name in as_list(value) if isinstance(name, str) and name.isascii() and name.isprintable())
