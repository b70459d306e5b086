"""Turns over plain HTTP: `POST .../responses` as an event stream, and the unary `POST .../responses/compact`."""

import contextlib

from tornado import http1connection, iostream

from embedded_backend import events, refusals
from embedded_backend.breaks import Break
from embedded_backend.handlers import Handler
from embedded_backend.service import Caller


class _Turn(Handler):
    async def post(self) -> None:
        """Take a turn: a planned failure first, then what its body deserves."""
        received = self.keep()
        caller = self.shared.service.caller(received)
        fate = self.shared.service.fate(caller)
        if fate.unanswered:
            return self.detach().close()
        if fate.status is not None:
            return self.send_failure(fate.status)
        body = received.json_or_none
        if not isinstance(body, dict):
            return self.send_refusal(refusals.gateway("The request body is not a JSON object"))
        await self.answer(body, caller, fate)

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        raise NotImplementedError


class Responses(_Turn):
    """The event stream."""

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        """Stream the response, or refuse the turn."""
        service = self.shared.service
        refused = service.refusal(body, caller, websocket=False)
        if refused is not None:
            return self.send_refusal(refused)
        reply = service.reply(body, caller, self.shared.clock())
        self.set_header("content-type", "text/event-stream; charset=utf-8")
        self.set_header("cache-control", "no-cache")
        self.set_header("openai-model", str(body.get("model")))
        self.set_header("x-codex-turn-state", service.name("ts"))
        if isinstance(self.request.connection, http1connection.HTTP1Connection):
            # Else an event could wait 40 ms for an acknowledgement of the one before it.
            self.request.connection.stream.set_nodelay(True)
        # Most clients hang up as soon as they have read the last event.
        with contextlib.suppress(iostream.StreamClosedError):
            await self.stream(reply, fate)

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
        self.detach().close()


class Compact(_Turn):
    """The unary compaction of clients up to 0.130."""

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        """Send the compacted history, or refuse."""
        answered = self.shared.service.compact(body, caller, self.shared.clock())
        if isinstance(answered, refusals.Refusal):
            return self.send_refusal(answered)
        self.set_header("openai-model", str(body.get("model")))
        self.send_json(answered)
