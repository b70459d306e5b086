"""Turns over plain HTTP: `POST .../responses` as an event stream, and the unary `POST .../responses/compact`."""

import contextlib
from typing import Any

from tornado import http1connection, iostream

from embedded_backend import events
from embedded_backend.breaks import Break
from embedded_backend.handlers import TurnHandler
from embedded_backend.refusals import Refusal
from embedded_backend.service import Caller, Reply


class Responses(TurnHandler):
    """The event stream."""

    async def post(self) -> None:
        """Take a turn."""
        received = self.keep()
        # Most clients hang up as soon as they have read the last event.
        with contextlib.suppress(iostream.StreamClosedError):
            await self.take(received, self.service.caller(received))

    def answer(self, body: dict[str, Any], caller: Caller) -> Reply | Refusal:
        """Return the response to a turn, or why it is refused."""
        return self.service.answer(body, caller)

    async def send(self, reply: Reply, fate: Break) -> None:
        """Send the head and the events of a response."""
        self.set_header("content-type", "text/event-stream; charset=utf-8")
        self.set_header("cache-control", "no-cache")
        self.set_header("openai-model", str(reply.response["model"]))
        self.set_header("x-codex-turn-state", self.service.name("ts"))
        if isinstance(self.request.connection, http1connection.HTTP1Connection):
            # Else an event could wait 40 ms for an acknowledgement of the one before it.
            self.request.connection.stream.set_nodelay(True)
        await super().send(reply, fate)

    async def send_event(self, event: events.Event) -> None:
        """Send one event of the stream."""
        self.write(events.as_stream(event))
        await self.flush()

    async def cut(self, event: events.Event, torn: bool) -> None:
        """Drop the connection, if torn after half of the event."""
        if torn:
            data = events.as_stream(event)
            self.write(data[: len(data) // 2])
            await self.flush()
        self.drop()


class Compact(Responses):
    """The unary compaction of clients up to 0.130."""

    def answer(self, body: dict[str, Any], caller: Caller) -> Reply | Refusal:
        """Return the compacted history, or why it is refused."""
        return self.service.compact(body, caller)

    async def send(self, reply: Reply, fate: Break) -> None:
        """Send the compacted history."""
        self.set_header("openai-model", str(reply.response["model"]))
        self.send_json(reply.response | {"object": "response.compaction"})
