"""Turns over a WebSocket: each text frame `response.create` is one, and the connection remembers what it answered."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import orjson
import wsproto.connection
import wsproto.events
from tornado import iostream, websocket

from embedded_backend import refusals
from embedded_backend.breaks import Break
from embedded_backend.events import Event
from embedded_backend.handlers import Handler
from embedded_backend.received import Received
from embedded_backend.service import Caller

_REMEMBERED = 16  # responses a connection can be asked to go on from; clients name the last one


class Socket(Handler, websocket.WebSocketHandler):
    """One connection, one response at a time: a frame that comes early waits for the response before it."""

    handshake: Received
    caller: Caller

    def prepare(self) -> None:
        """Refuse the upgrade if the rules say so."""
        number = 1 + sum(received.kind == "handshake" for received in self.shared.received)
        self.handshake = self.keep("handshake", number)
        self.caller = self.shared.service.caller(self.handshake)
        self._answered: dict[str, tuple[Any, ...]] = {}
        self._last: asyncio.Task[None] | None = None
        status = self.shared.service.rules.upgrade_status
        if status is not None:
            self.send_failure(status)

    def open(self, *args: str, **kwargs: str) -> None:
        """Make the connection known, so that the backend can close it when it ends."""
        self.shared.close_sockets.add(self.end)
        self.set_nodelay(True)  # or every event but the last would wait 40 ms for an acknowledgement

    def on_close(self) -> None:
        """Let the connection go."""
        self.shared.close_sockets.discard(self.end)
        self.gone.set()

    def check_origin(self, origin: str) -> bool:
        """Return true: no browser is guarded here."""
        return True

    def get_compression_options(self) -> dict[str, Any]:
        """Return the settings of permessage-deflate, which every client but the oldest offers."""
        return {}

    def on_message(self, message: str | bytes) -> None:
        """Take a frame; that the client goes is noticed while it is answered."""
        text = message if isinstance(message, bytes) else message.encode()
        frame = self.shared.keep(replace(self.handshake, kind="frame", body=text))
        self._last = asyncio.create_task(self._take_after(self._last, frame))

    async def _take_after(self, last: asyncio.Task[None] | None, frame: Received) -> None:
        if last is not None:
            await last
        with contextlib.suppress(websocket.WebSocketClosedError, iostream.StreamClosedError):
            await self._take(frame)

    async def _take(self, frame: Received) -> None:
        fate = self.shared.service.fate(self.caller)
        if fate.unanswered:
            return self.drop()
        if fate.status is not None:
            return await self.send_event(refusals.failure(fate.status).frame())
        body = frame.json_or_none
        if not isinstance(body, dict) or body.get("type") != "response.create":
            return await self.send_event(refusals.gateway("The frame is not a response.create").frame())
        await self._answer(body, fate)

    async def _answer(self, body: dict[str, Any], fate: Break) -> None:
        service = self.shared.service
        previous = body.get("previous_response_id")
        refused = service.refusal(body, self.caller, websocket=True)
        if refused is None and previous is not None and previous not in self._answered:
            refused = refusals.unknown_previous(previous)
        if refused is not None:
            return await self.send_event(refused.frame())
        reply = service.reply(body, self.caller, self.shared.clock(), self._answered.get(str(previous), ()))
        self._answered[reply.response["id"]] = reply.items
        if len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]
        await self.stream(reply, fate)

    async def send_event(self, event: Event) -> None:
        """Send one event as a frame."""
        await self.write_message(orjson.dumps(event).decode())

    async def cut(self, event: Event, torn: bool) -> None:
        """Close the connection, or if torn drop it after half of the event's frame."""
        if not torn:
            return self.close(1011, "cut")
        wire = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
        frame = wire.send(wsproto.events.TextMessage(orjson.dumps(event).decode()))
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            await self.ws_connection.stream.write(frame[: len(frame) // 2])
        self.drop()

    def end(self) -> None:
        """Close the connection without waiting for the client's close frame."""
        self.close(1001, "the backend ends")
        self.drop()

    def drop(self) -> None:
        """Drop the connection without a close frame."""
        if self.ws_connection is not None and self.ws_connection.stream is not None:
            self.ws_connection.stream.close()
