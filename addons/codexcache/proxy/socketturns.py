"""Turns over WebSocket: each `response.create` frame of a client is one."""

import time
from collections.abc import Awaitable
from collections.abc import Set as AbstractSet

from mitmproxy import http, websocket

from ..turns.envelope import untouched
from ..turns.sockets import Backlog, Socket
from ..turns.turn import Reading, Turn, read_sender
from ..wire.body import Body
from ..wire.coding import Undecodable, within
from ..wire.document import Unreadable
from ..wire.routes import endpoint_of
from .core import Core, pass_unchanged, write_fields
from .offloop import LARGE, worked

INCOMPLETE = "codex_incomplete"
"""Key in `flow.metadata`, a bool: the oldest messages of this WebSocket are no longer in the flow."""

CREATE = "response.create"
"""The type of the frame that is a turn."""

_CREATE = CREATE.encode()


class SocketTurns:
    """Completes a WebSocket's handshake and gives its frames their key."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._sockets: dict[str, Socket] = {}

    @property
    def under_way(self) -> AbstractSet[str]:
        """The ids of the flows of WebSockets with turns that have left and not come to their end."""
        return {flow for flow, socket in self._sockets.items() if socket.open_turns}

    @property
    def known(self) -> AbstractSet[str]:
        """The ids of the flows of WebSockets that are open, or about to be."""
        return self._sockets.keys()

    def request(self, flow: http.HTTPFlow) -> None:
        if socket := self._socket_of(flow):
            socket.handshake = self._core.continuity.open_socket(socket.sender, self._core.settings)
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
        if not known and flow.live and _is_handshake(flow.request) and (host := self._core.host_of(flow)):
            known = self._sockets[flow.id] = self._adopted(flow, host)
        return known

    def _adopted(self, flow: http.HTTPFlow, host: str) -> Socket:
        sender = read_sender(flow.request.headers.fields)
        backlog = Backlog(limit=self._core.settings.view_limit)
        return Socket(sender=sender, handshake=untouched(sender), host=host, backlog=backlog)

    def _take(self, flow: http.HTTPFlow, socket: Socket, message: websocket.WebSocketMessage) -> Awaitable[None] | None:
        """Give a turn its key, and hear what is answered. The client's other frames pass without a word."""
        if message.from_client:
            return self._send(flow, socket, message) if _CREATE in message.content else None
        if passage := socket.read_event(message.content, message.timestamp):
            self._core.end(passage, message.timestamp)
        return None

    async def _send(self, flow: http.HTTPFlow, socket: Socket, message: websocket.WebSocketMessage) -> None:
        """Work out a turn's envelope and commit it. A frame that cannot be read passes unchanged."""
        news = self._core.bodies.news(message.content) if len(message.content) >= LARGE else 0
        try:
            body = await worked(news, lambda: self._read(message.content))
            if body.document.get("type") == CREATE:
                turn = await worked(news, lambda: _turn_of(socket, body))
                self._commit(flow, socket, message, turn, body)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)

    def _read(self, content: bytes) -> Body[Reading]:
        return self._core.read(within(content, self._core.settings.body_limit))

    def _commit(
        self,
        flow: http.HTTPFlow,
        socket: Socket,
        message: websocket.WebSocketMessage,
        turn: Turn,
        body: Body[Reading],
    ) -> None:
        passage = self._core.continuity.begin(turn, self._core.settings, socket.last)
        if (sent := self._core.sealed(body, turn, passage.envelope)) is not None:
            message.content = sent
        socket.begin(passage)
        self._core.sent(flow, passage, message.timestamp)
        self._core.hold(flow, passage, lambda: (message.content, _turn_of(socket, self._read(message.content))))

    def _trim(self, flow: http.HTTPFlow, data: websocket.WebSocketData, backlog: Backlog) -> None:
        """Let the oldest messages go, and have a capture say so."""
        if gone := backlog.surplus([len(message.content) for message in data.messages]):
            del data.messages[:gone]
            flow.metadata[INCOMPLETE] = True

    def _close(self, flow: http.HTTPFlow) -> None:
        if socket := self._sockets.pop(flow.id, None):
            for passage in socket.abandon():
                self._core.end(passage, time.time())
            self._core.socket_closed(flow)
            self._core.afterwards.catch_up()  # what the flow carries has to be there before it is saved


def _turn_of(socket: Socket, body: Body[Reading]) -> Turn:
    return socket.read_turn(body.document, body.made, body.changed)


def _is_handshake(request: http.Request) -> bool:
    return (
        request.method == "GET"
        and request.headers.get("upgrade", "").lower() == "websocket"
        and endpoint_of(request.path) == "responses"
    )
