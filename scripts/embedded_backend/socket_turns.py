"""Turns over a WebSocket: each text frame `response.create` is one, and the connection remembers what it answered."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Any

import orjson
import wsproto.connection
import wsproto.events
from tornado import iostream, websocket

from embedded_backend import answers, refusals
from embedded_backend.answers import Event
from embedded_backend.handlers import Responses
from embedded_backend.received import Received
from embedded_backend.refusals import Refusal
from embedded_backend.rules import Break
from embedded_backend.service import Caller, Reply

_REMEMBERED = 16  # responses a connection can be asked to go on from; clients name the last one


class Socket(Responses, websocket.WebSocketHandler):
    """One connection, one response at a time: a frame that comes early waits for the response before it."""

    def prepare(self) -> None:
        """Refuse the upgrade if the rules say so."""
        self.set_rate_limits()
        number = 1 + sum(received.kind == "handshake" for received in self.service.received)
        self.handshake = self.keep("handshake", number)
        self.caller = self.service.caller(self.handshake)
        self._answered: dict[str, tuple[Any, ...]] = {}
        self._last: asyncio.Task[None] | None = None
        if (status := self.service.rules.upgrade_status) is not None:
            self.send_failure(status)

    def open(self, *args: str, **kwargs: str) -> None:
        """Make the connection known, so that the backend can close it when it ends."""
        self.service.open_sockets.add(self.end)
        self.set_nodelay(True)  # or every event but the last would wait 40 ms for an acknowledgement

    def on_close(self) -> None:
        """Let the connection go."""
        self.service.open_sockets.discard(self.end)
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
        frame = self.service.keep(replace(self.handshake, kind="frame", body=text))
        self._last = asyncio.create_task(self._take_after(self._last, frame))

    async def _take_after(self, last: asyncio.Task[None] | None, frame: Received) -> None:
        if last is not None:
            await last
        with contextlib.suppress(websocket.WebSocketClosedError, iostream.StreamClosedError):
            await self.take(frame, self.caller)

    def answer(self, body: dict[str, Any], caller: Caller) -> Reply | Refusal:
        """Return the response to a frame, or why it is refused, and remember the response."""
        if body.get("type") != "response.create":
            return refusals.gateway("The frame is not a response.create")
        previous = body.get("previous_response_id")
        before = () if previous is None else self._answered.get(previous)
        reply = self.service.answer(body, caller, before, websocket=True)
        if isinstance(reply, Reply):
            self._answered[reply.response["id"]] = reply.items
            for oldest in list(self._answered)[:-_REMEMBERED]:
                del self._answered[oldest]
        return reply

    async def send(self, reply: Reply, fate: Break) -> None:
        """Send the events of a response, behind one of the rate limits; the handshake was its head."""
        if used := self.service.rules.used_percent:
            await self.send_event(answers.rate_limits(used))
        await self.send_events(reply, fate)

    async def send_event(self, event: Event) -> None:
        """Send one event as a frame."""
        await self.write_message(orjson.dumps(event).decode())

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal as a frame."""
        await self.send_event(refusal.frame())

    async def fail(self, status: int) -> None:
        """Send a failure that the turn did not cause, as a frame."""
        await self.refuse(refusals.failure(status))

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
