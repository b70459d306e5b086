"""Turns over WebSocket: each `response.create` frame of a client is one."""

import time
from collections.abc import Awaitable
from collections.abc import Set as AbstractSet

from mitmproxy import http, websocket

from ..body.incremental import Body
from ..body.json_splice import Unreadable
from ..turn.request import ParsedBody, Turn, read_client_headers
from ..turn.rewrite import no_edits
from ..turn.websocket import Backlog, Socket
from ..wire.content_encoding import Undecodable, within
from ..wire.routes import endpoint_of
from .deferred import LARGE, run_maybe_in_thread
from .http import HoldTurn, hold_nothing
from .state import State, pass_unchanged, write_fields

INCOMPLETE = "codex_incomplete"
"""Key in `flow.metadata`, a bool: the oldest messages of this WebSocket are no longer in the flow."""

CREATE = "response.create"
"""The type of the frame that is a turn."""

_CREATE = CREATE.encode()


class SocketTurns:
    """Completes a WebSocket's handshake and writes the key into its frames."""

    def __init__(self, state: State, hold: HoldTurn = hold_nothing) -> None:
        self._state, self._hold = state, hold
        self._sockets: dict[str, Socket] = {}

    @property
    def in_progress(self) -> AbstractSet[str]:
        """The ids of the flows of WebSockets with turns that have left and not ended."""
        return {flow for flow, socket in self._sockets.items() if socket.open_turns}

    @property
    def known(self) -> AbstractSet[str]:
        """The ids of the flows of WebSockets that are open, or about to be."""
        return self._sockets.keys()

    def request(self, flow: http.HTTPFlow) -> None:
        if socket := self._socket_of(flow):
            socket.handshake = self._state.continuity.open_socket(socket.client_headers, self._state.settings)
            write_fields(flow.request, socket.handshake)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self._sockets.pop(flow.id, None)

    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if flow.websocket and (socket := self._socket_of(flow)):
            message = flow.websocket.messages[-1]
            if socket.backlog.add(len(message.content)):
                self._trim(flow, flow.websocket, socket.backlog)
            if message.is_text and not message.dropped:
                return self._take(flow, socket, message)
        return None

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def _socket_of(self, flow: http.HTTPFlow) -> Socket | None:
        """Return what is known of a live WebSocket to the backend; its handshake may have come before this addon."""
        known = self._sockets.get(flow.id)
        if not known and flow.live and _is_handshake(flow.request) and (host := self._state.host_of(flow)):
            known = self._sockets[flow.id] = self._adopted(flow, host)
        return known

    def _adopted(self, flow: http.HTTPFlow, host: str) -> Socket:
        client_headers = read_client_headers(flow.request.headers.fields)
        backlog = Backlog(limit=self._state.settings.view_limit)
        return Socket(client_headers=client_headers, handshake=no_edits(client_headers), host=host, backlog=backlog)

    def _take(self, flow: http.HTTPFlow, socket: Socket, message: websocket.WebSocketMessage) -> Awaitable[None] | None:
        """Edit and send a client's turn, or read a server's event. The client's other frames pass unread."""
        if message.from_client:
            return self._send(flow, socket, message) if _CREATE in message.content else None
        if exchange := socket.read_event(message.content, message.timestamp):
            self._state.response_ended(exchange, message.timestamp)
        return None

    async def _send(self, flow: http.HTTPFlow, socket: Socket, message: websocket.WebSocketMessage) -> None:
        """Edit a turn's frame. One that cannot be read passes unchanged."""
        news = self._state.bodies.unparsed_length(message.content) if len(message.content) >= LARGE else 0
        try:
            body = await run_maybe_in_thread(news, lambda: self._read(message.content))
            if body.document.get("type") == CREATE:
                turn = await run_maybe_in_thread(news, lambda: _turn_of(socket, body))
                self._commit(flow, socket, message, turn, body)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)

    def _read(self, content: bytes) -> Body[ParsedBody]:
        return self._state.read(within(content, self._state.settings.body_limit))

    def _commit(
        self,
        flow: http.HTTPFlow,
        socket: Socket,
        message: websocket.WebSocketMessage,
        turn: Turn,
        body: Body[ParsedBody],
    ) -> None:
        exchange = self._state.continuity.begin(turn, self._state.settings, socket.last)
        if (sent := self._state.edit(body, turn, exchange.edits)) is not None:
            message.content = sent
        socket.begin(exchange)
        self._state.request_sent(flow, exchange, message.timestamp)
        if self._state.settings.intercept:
            self._hold(flow, exchange, lambda: (message.content, _turn_of(socket, self._read(message.content))))

    def _trim(self, flow: http.HTTPFlow, data: websocket.WebSocketData, backlog: Backlog) -> None:
        """Delete the oldest messages, and mark the flow as incomplete."""
        if surplus := backlog.surplus([len(message.content) for message in data.messages]):
            del data.messages[:surplus]
            flow.metadata[INCOMPLETE] = True

    def _close(self, flow: http.HTTPFlow) -> None:
        if socket := self._sockets.pop(flow.id, None):
            for exchange in socket.abandon():
                self._state.response_ended(exchange, time.time())
            self._state.socket_closed(flow)
            self._state.deferred.catch_up()  # what the flow carries has to be there before it is saved


def _turn_of(socket: Socket, body: Body[ParsedBody]) -> Turn:
    return socket.read_turn(body.document, body.cached_parsed, body.changed)


def _is_handshake(request: http.Request) -> bool:
    return (
        request.method == "GET"
        and request.headers.get("upgrade", "").lower() == "websocket"
        and endpoint_of(request.path) == "responses"
    )
