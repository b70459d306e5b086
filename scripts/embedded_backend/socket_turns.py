"""Turns over a WebSocket: each text frame `response.create` is one, and the connection remembers what it answered."""

import asyncio
import contextlib
from typing import Any

import orjson
import wsproto.connection
import wsproto.events
from tornado import iostream, websocket

from embedded_backend import events, refusals
from embedded_backend.breaks import Break
from embedded_backend.handlers import Handler, failure
from embedded_backend.received import Received
from embedded_backend.service import Caller, Reply

_REMEMBERED = 16  # responses a connection can be asked to go on from; clients name the last one


class Socket(Handler, websocket.WebSocketHandler):
    """One connection, one response at a time: a frame that comes early waits for the response before it."""

    handshake: Received
    caller: Caller

    def prepare(self) -> None:
        """Refuses the upgrade if the rules say so."""
        number = 1 + sum(received.kind == "handshake" for received in self.shared.received)
        self.handshake = self.keep("handshake", number)
        self.caller = self.shared.service.caller(self.handshake)
        self._answered: dict[str, tuple[Any, ...]] = {}
        self._last: asyncio.Task[None] | None = None
        status = self.shared.service.rules.upgrade_status
        if status is not None:
            self.send_failure(status)

    def open(self, *args: str, **kwargs: str) -> None:
        """Makes the connection known, so that the backend can close it when it ends."""
        self.shared.sockets.add(self)
        self.set_nodelay(True)  # or every event but the last would wait 40 ms for an acknowledgement

    def on_close(self) -> None:
        """Lets the connection go."""
        self.shared.sockets.discard(self)
        self.gone.set()

    def check_origin(self, origin: str) -> bool:
        """Returns true: no browser is guarded here."""
        return True

    def get_compression_options(self) -> dict[str, Any]:
        """Returns the settings of permessage-deflate, which every client but the oldest offers."""
        return {}

    def on_message(self, message: str | bytes) -> None:
        """Takes a frame; that the client goes is noticed while it is answered."""
        text = message if isinstance(message, bytes) else message.encode()
        frame = self.shared.keep(_frame(self.handshake, text))
        self._last = asyncio.create_task(self._take_after(self._last, frame))

    async def _take_after(self, last: asyncio.Task[None] | None, frame: Received) -> None:
        if last is not None:
            await last
        with contextlib.suppress(websocket.WebSocketClosedError, iostream.StreamClosedError):
            await self._take(frame)

    async def _take(self, frame: Received) -> None:
        fate = self.shared.service.fate(self.caller)
        if fate.unanswered:
            return self._drop()
        if fate.status is not None:
            return await self._send(failure(fate.status).frame())
        try:
            body = frame.json
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("type") != "response.create":
            return await self._send(refusals.gateway("The frame is not a response.create").frame())
        await self._answer(body, fate)

    async def _answer(self, body: dict[str, Any], fate: Break) -> None:
        service = self.shared.service
        previous = body.get("previous_response_id")
        refused = service.refusal(body, self.caller, websocket=True)
        if refused is None and previous is not None and previous not in self._answered:
            refused = refusals.unknown_previous(previous)
        if refused is not None:
            return await self._send(refused.frame())
        reply = service.reply(body, self.caller, self.shared.clock(), self._answered.get(str(previous), ()))
        self._remember(reply)
        await self._stream(reply, fate)

    def _remember(self, reply: Reply) -> None:
        self._answered[reply.response["id"]] = reply.items
        while len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]

    async def _stream(self, reply: Reply, fate: Break) -> None:
        rules = self.shared.service.rules
        for number, event in enumerate(events.events(reply.response, reply.item, fate.ending)):
            if number == fate.hold_after:
                await self.shared.service.breaks.hold(self.gone)
            if number == fate.cut_after:
                return await self._tear(event) if fate.torn else self.close(1011, "cut")
            if rules.event_delay:
                await asyncio.sleep(rules.event_delay)
            await self._send(event)

    async def _tear(self, event: dict[str, Any]) -> None:
        """Drops the connection after half of the event's frame."""
        wire = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
        frame = wire.send(wsproto.events.TextMessage(orjson.dumps(event).decode()))
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            await self.ws_connection.stream.write(frame[: len(frame) // 2])
        self._drop()

    def _drop(self) -> None:
        """Drops the connection without a farewell."""
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            self.ws_connection.stream.close()

    async def _send(self, event: dict[str, Any]) -> None:
        await self.write_message(orjson.dumps(event).decode())


def _frame(handshake: Received, text: bytes) -> Received:
    return Received(
        kind="frame",
        host=handshake.host,
        method=handshake.method,
        path=handshake.path,
        headers=handshake.headers,
        body=text,
        socket=handshake.socket,
    )
