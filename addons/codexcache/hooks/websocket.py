"""Turns over WebSocket: each `response.create` message of a client is one, text or binary.

A message that was read here can still be changed or dropped by another addon before it leaves. So each turn keeps its
message, and that is looked at again when an event of the backend comes. (`flow.kill()` stops no message: mitmproxy 12.2
sends it all the same.)

The messages of every WebSocket that passes are kept for viewing up to a limit; mitmproxy by itself would keep them all.
"""

import functools
import re
import time
from collections.abc import Awaitable
from collections.abc import Set as AbstractSet

from mitmproxy import http, websocket

from ..body.cache import finished
from ..body.incremental import Body
from ..body.json_splice import Unreadable
from ..body.slices import Steps
from ..turn.exchange import Exchange, unchanged_exchange
from ..turn.rate_limits import limits_in_headers
from ..turn.request import ParsedBody, Turn, read_client_headers
from ..turn.response import ELSEWHERE
from ..turn.rewrite import no_edits
from ..turn.websocket import NO_REFUSAL, Backlog, Message, Socket, SocketTurn, closing, ended_by_closing
from ..wire.content_encoding import Undecodable, within
from ..wire.headers import values_by_name
from .deferred import take_steps
from .messages import how_it_broke, is_made_here, read_whole
from .state import UNREADABLE, HoldTurn, State, asks_for_websocket, hold_nothing, pass_unchanged, write_fields

INCOMPLETE = "codex_incomplete"
"""Key in `flow.metadata`, a bool: the oldest messages of this WebSocket are no longer in the flow."""

CREATE = "response.create"
"""The type of the message that is a turn."""

_CREATE = CREATE.encode()
UNREAD_TURN = re.compile(rb'"type"\s*:\s*"response\.create"')
"""What tells a message that cannot be read as a turn, wherever the client has put its type."""


class SocketTurns:
    """Completes a WebSocket's handshake, writes the key into its turns, and bounds what is kept of any WebSocket."""

    def __init__(self, state: State, hold: HoldTurn = hold_nothing) -> None:
        self._state, self._hold = state, hold
        self._sockets: dict[str, Socket] = {}
        self._others: dict[str, Backlog] = {}

    @property
    def in_progress(self) -> AbstractSet[str]:
        """The ids of the flows of WebSockets with turns that have left and not ended."""
        return {flow for flow, socket in self._sockets.items() if socket.open_turns}

    def request(self, flow: http.HTTPFlow) -> None:
        is_answered = flow.response and not flow.websocket  # by another addon: then no header leaves
        if (socket := self._socket_of(flow)) and not is_answered:
            socket.handshake = self._state.continuity.open_socket(socket.client_headers, self._state.settings)
            write_fields(flow.request, socket.handshake)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and (socket := self._sockets.get(flow.id)):
            socket.is_answered_elsewhere = is_made_here(flow.response)

    def response(self, flow: http.HTTPFlow) -> None:
        response = flow.response
        if response and not flow.websocket and (socket := self._sockets.pop(flow.id, None)):
            self._tell_refusal(flow, response, socket)

    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if (data := flow.websocket) is None:
            return None
        socket = self._sockets.get(flow.id) or self._adopted(flow)
        backlog = socket.backlog if socket else self._others.get(flow.id)
        message = data.messages[-1]
        if backlog and backlog.add(len(message.content)):
            self._trim(flow, data, backlog)
        return self._take(flow, socket, message) if socket else None

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def _socket_of(self, flow: http.HTTPFlow) -> Socket | None:
        """Return what is known of a live WebSocket to the backend; its handshake may have come before this addon."""
        known = self._sockets.get(flow.id)
        if not known and flow.live and (host := handshake_host(self._state, flow)):
            client_headers = read_client_headers(flow.request.headers.fields)
            known = self._sockets[flow.id] = Socket(
                client_headers=client_headers, handshake=no_edits(client_headers), host=host, backlog=self._backlog()
            )
        return known

    def _adopted(self, flow: http.HTTPFlow) -> Socket | None:
        """Return what is known of a WebSocket of whose handshake nothing is; one that has no turns gets a backlog."""
        if flow.id in self._others or not flow.live:
            return None
        if (socket := self._socket_of(flow)) is None:
            self._others[flow.id] = self._backlog()
        return socket

    def _backlog(self) -> Backlog:
        return Backlog(limit=self._state.settings.view_limit)

    def _take(self, flow: http.HTTPFlow, socket: Socket, message: websocket.WebSocketMessage) -> Awaitable[None] | None:
        """Edit and send a client's turn, or read a server's event. The client's other messages pass unread."""
        if message.from_client:
            is_turn = _CREATE in message.content and not message.dropped
            return self._send(flow, socket, message) if is_turn else None
        for turn in socket.read_event(message.content, message.timestamp, dropped=message.dropped):
            self._end(socket, turn, message.timestamp)
        return None

    async def _send(self, flow: http.HTTPFlow, socket: Socket, message: Message) -> None:
        """Edit a turn's message. One that cannot be read passes unchanged."""
        try:
            body, turn = await take_steps(self._read_in_steps(socket, message))
            if body.document.get("type") == CREATE:
                if looking_up := self._state.persistence.look_up(turn):
                    await looking_up
                self._commit(flow, socket, message, turn, body)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)
            if UNREAD_TURN.search(message.content):
                turn = socket.read_turn({}, unread=str(reason))  # it is recorded by what its response says
                self._begin(flow, socket, message, unchanged_exchange(turn, self._state.settings.mode))

    def _read_in_steps(self, socket: Socket, message: Message) -> Steps[tuple[Body[ParsedBody], Turn]]:
        text = within(message.content, self._state.settings.body_limit)
        return self._state.read_turn_in_steps(text, socket.read_turn)

    def _reread(self, socket: Socket, message: Message) -> tuple[object, Turn]:
        return message.content, finished(self._read_in_steps(socket, message))[1]

    def _commit(
        self, flow: http.HTTPFlow, socket: Socket, message: Message, turn: Turn, body: Body[ParsedBody]
    ) -> None:
        exchange = self._state.continuity.begin(turn, self._state.settings, socket.last)
        if (sent := self._state.edit(body, turn, exchange)) is not None:
            message.content = sent
        self._begin(flow, socket, message, exchange)
        if self._state.settings.intercept:
            self._hold(flow, exchange, lambda: self._reread(socket, message))

    def _begin(self, flow: http.HTTPFlow, socket: Socket, message: Message, exchange: Exchange) -> None:
        turn = socket.begin(exchange, message)
        note_limits_of_handshake(flow, exchange)
        self._state.deferred.enqueue(functools.partial(self._record_sent, flow, turn, message.timestamp))

    def _record_sent(self, flow: http.HTTPFlow, turn: SocketTurn, at: float) -> None:
        if not turn.withdrawn:
            self._state.record_sent(flow, turn.exchange, at)

    def _end(self, socket: Socket, turn: SocketTurn, at: float) -> None:
        """Close a turn that is over, as it left; forget one that did not leave."""
        if turn.withdrawn:
            withdraw = functools.partial(self._state.diagnosis_service.turn_withdrawn, turn.exchange)
            return self._state.deferred.enqueue(withdraw)
        if turn.message.content != turn.sent:
            try:
                self._state.turn_edited(turn.exchange, self._reread(socket, turn.message)[1])
            except (Undecodable, Unreadable) as reason:
                self._state.warn_once(UNREADABLE.format(reason))
        return self._state.response_ended(turn.exchange, at)

    def _trim(self, flow: http.HTTPFlow, data: websocket.WebSocketData, backlog: Backlog) -> None:
        """Delete the oldest messages, and mark the flow as incomplete."""
        if surplus := backlog.surplus([len(message.content) for message in data.messages]):
            del data.messages[:surplus]
            flow.metadata[INCOMPLETE] = True

    def _tell_refusal(self, flow: http.HTTPFlow, response: http.Response, socket: Socket) -> None:
        """Record a handshake that was refused: no turn, but what the client's turns on it came to."""
        if response.status_code == 101:
            return  # mitmproxy passes a WebSocket on unread where its option websocket is off
        exchange = socket.refused()
        if socket.is_answered_elsewhere:
            exchange.response_info.ended = ELSEWHERE
        read_whole(response, exchange)
        self._record_refusal(flow, exchange, response.timestamp_end or time.time())

    def _record_refusal(self, flow: http.HTTPFlow, exchange: Exchange, ended_at: float) -> None:
        exchange.mode = self._state.settings.mode
        self._state.request_sent(flow, exchange, flow.request.timestamp_end or flow.request.timestamp_start)
        self._state.response_ended(exchange, ended_at)
        self._state.deferred.catch_up()  # what the flow carries has to be there before it is saved

    def _close(self, flow: http.HTTPFlow) -> None:
        self._others.pop(flow.id, None)
        if socket := self._sockets.pop(flow.id, None):
            for turn in socket.abandon(closing_of(flow.websocket), how_it_closed(flow)):
                self._end(socket, turn, time.time())
            if refusal := refusal_of(flow, socket):
                self._record_refusal(flow, refusal, time.time())
            self._state.deferred.do(functools.partial(self._state.diagnosis_service.socket_closed, flow.id))
            self._state.deferred.catch_up()  # what the flow carries has to be there before it is saved


def closing_of(data: websocket.WebSocketData | None) -> str:
    """Return how a WebSocket was closed, "" for one that was never open."""
    if data is None:
        return ""
    return closing(by_client=data.closed_by_client, code=data.close_code, reason=data.close_reason)


def how_it_closed(flow: http.HTTPFlow) -> str:
    """Return how a turn ended that was not over when its WebSocket was closed."""
    if (data := flow.websocket) is None:
        return how_it_broke(flow)
    return ended_by_closing(by_client=data.closed_by_client, code=data.close_code)


def note_limits_of_handshake(flow: http.HTTPFlow, exchange: Exchange) -> None:
    """Give the first turn of a WebSocket the rate limits that the answer to the handshake told."""
    if exchange.opens_socket and flow.response:
        told = limits_in_headers(values_by_name(flow.response.headers.fields))
        exchange.response_info.limits_before = told | exchange.response_info.limits_before


def refusal_of(flow: http.HTTPFlow, socket: Socket) -> Exchange | None:
    """Return what became of the handshake of a WebSocket that the server closed before any turn, with a reason."""
    data = flow.websocket
    if data is None or INCOMPLETE in flow.metadata or data.closed_by_client or data.close_code in NO_REFUSAL:
        return None
    if any(message.from_client and _CREATE in message.content and not message.dropped for message in data.messages):
        return None
    exchange = socket.refused()
    exchange.response_info.status, exchange.response_info.cut_short = 101, closing_of(data)
    exchange.response_info.ended = how_it_closed(flow)
    return exchange


def handshake_host(state: State, flow: http.HTTPFlow) -> str | None:
    """Return the backend's host of a request that asks for a WebSocket that takes turns, None for any other."""
    host = state.host_of(flow) if asks_for_websocket(flow.request) else None
    return host if host and state.endpoint_of(flow, host) == "responses" else None
