"""Turns over plain HTTP: `POST .../responses` as an event stream, and the unary `POST .../responses/compact`."""

import asyncio
import contextlib

from tornado import http1connection, iostream

from embedded_backend import events, refusals
from embedded_backend.breaks import Break
from embedded_backend.handlers import Handler
from embedded_backend.received import Received
from embedded_backend.service import Caller, Reply


class _Turn(Handler):
    async def post(self) -> None:
        """Takes a turn: a planned failure first, then what its body deserves."""
        received = self.keep()
        caller = self.shared.service.caller(received)
        fate = self.shared.service.fate(caller)
        if fate.unanswered:
            return self.detach().close()
        if fate.status is not None:
            return self.send_failure(fate.status)
        body = _body(received)
        if body is None:
            return self.send_refusal(refusals.gateway("The request body is not a JSON object"))
        await self.answer(body, caller, fate)

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        raise NotImplementedError


class Responses(_Turn):
    """The event stream."""

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        """Streams the response, or refuses the turn."""
        service = self.shared.service
        refused = service.refusal(body, caller, websocket=False)
        if refused is not None:
            return self.send_refusal(refused)
        reply = service.reply(body, caller, self.shared.clock())
        self.set_header("content-type", "text/event-stream; charset=utf-8")
        self.set_header("cache-control", "no-cache")
        self.set_header("openai-model", str(body.get("model")))
        self.set_header("x-codex-turn-state", service.name("ts"))
        # Most clients hang up as soon as they have read the last event.
        with contextlib.suppress(iostream.StreamClosedError):
            await self._stream(reply, fate)

    async def _stream(self, reply: Reply, fate: Break) -> None:
        rules = self.shared.service.rules
        self._send_at_once()
        for number, event in enumerate(events.events(reply.response, reply.item, fate.ending)):
            if number == fate.hold_after:
                await self.shared.service.breaks.hold(self.gone)
            if number == fate.cut_after:
                return await self._cut(events.as_stream(event) if fate.torn else b"")
            if rules.event_delay:
                await asyncio.sleep(rules.event_delay)
            self.write(events.as_stream(event))
            await self.flush()

    async def _cut(self, event: bytes) -> None:
        """Drops the connection, after half of the event."""
        if event:
            self.write(event[: len(event) // 2])
            await self.flush()
        self.detach().close()

    def _send_at_once(self) -> None:
        # Else an event could wait 40 ms for an acknowledgement of the one before it.
        if isinstance(self.request.connection, http1connection.HTTP1Connection):
            self.request.connection.stream.set_nodelay(True)


class Compact(_Turn):
    """The unary compaction of clients up to 0.130."""

    async def answer(self, body: dict[str, object], caller: Caller, fate: Break) -> None:
        """Sends the compacted history, or refuses."""
        answered = self.shared.service.compact(body, caller, self.shared.clock())
        if isinstance(answered, refusals.Refusal):
            return self.send_refusal(answered)
        self.set_header("openai-model", str(body.get("model")))
        self.send_json(answered)


def _body(received: Received) -> dict[str, object] | None:
    try:
        body = received.json
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
