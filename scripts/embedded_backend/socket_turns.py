"""Turns over a WebSocket: each text frame `response.create` is one, and the connection remembers what it answered."""

import asyncio
import contextlib
from typing import Any

import orjson
from tornado import websocket

from embedded_backend import events, refusals
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

    def check_origin(self, origin: str) -> bool:
        """Returns true: no browser is guarded here."""
        return True

    def get_compression_options(self) -> dict[str, Any]:
        """Returns the settings of permessage-deflate, which every client but the oldest offers."""
        return {}

    async def on_message(self, message: str | bytes) -> None:
        """Takes a frame."""
        text = message if isinstance(message, bytes) else message.encode()
        frame = self.shared.keep(_frame(self.handshake, text))
        with contextlib.suppress(websocket.WebSocketClosedError):
            await self._take(frame)

    async def _take(self, frame: Received) -> None:
        status = self.shared.service.failure()
        if status is not None:
            return await self._send(failure(status).frame())
        try:
            body = frame.json
        except ValueError:
            body = None
        if not isinstance(body, dict) or body.get("type") != "response.create":
            return await self._send(refusals.gateway("The frame is not a response.create").frame())
        await self._answer(body)

    async def _answer(self, body: dict[str, Any]) -> None:
        service = self.shared.service
        previous = body.get("previous_response_id")
        refused = service.refusal(body, self.caller, websocket=True)
        if refused is None and previous is not None and previous not in self._answered:
            refused = refusals.unknown_previous(previous)
        if refused is not None:
            return await self._send(refused.frame())
        reply = service.reply(body, self.caller, self.shared.clock(), self._answered.get(str(previous), ()))
        self._remember(reply)
        await self._stream(reply)

    def _remember(self, reply: Reply) -> None:
        self._answered[reply.response["id"]] = reply.items
        while len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]

    async def _stream(self, reply: Reply) -> None:
        rules = self.shared.service.rules
        for number, event in enumerate(events.events(reply.response, reply.item, rules.ending)):
            if number == rules.cut_after:
                return self.close(1011, "cut")
            if rules.event_delay:
                await asyncio.sleep(rules.event_delay)
            await self._send(event)

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
