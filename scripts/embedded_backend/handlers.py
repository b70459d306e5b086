"""What every endpoint's handler has, how each turn is taken (a planned failure first), and turns over plain HTTP."""

import asyncio
import contextlib
import time
from typing import Any

import orjson
from tornado import http1connection, iostream, web

from embedded_backend import answers
from embedded_backend.received import Kind, Received
from embedded_backend.refusals import Refusal, failure, gateway
from embedded_backend.rules import Break
from embedded_backend.service import Caller, Reply, Service

_CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


class Handler(web.RequestHandler):
    """A handler with JSON in and out."""

    def initialize(self, service: Service) -> None:
        """Take what `Application` hands to each handler."""
        self.service = service
        self.gone = asyncio.Event()

    def on_connection_close(self) -> None:
        """Note that the client has hung up."""
        super().on_connection_close()
        self.gone.set()

    def set_default_headers(self) -> None:
        """Set what the real front sets, as far as clients look at it."""
        self.set_header("server", "cloudflare")
        self.set_header("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))

    def keep(self, kind: Kind = "request", socket: int = 0) -> Received:
        """Add this request to the record, and return what was kept."""
        request = self.request
        self.set_header("x-request-id", self.service.fresh_uuid())
        self.set_header("set-cookie", f"__oailb={self.service.name('lb')}; Path=/; Secure; HttpOnly")
        headers = tuple((name.lower(), value) for name, value in request.headers.get_all())
        host, method, path = request.host, str(request.method), str(request.uri)
        received = Received(
            kind=kind, host=host, method=method, path=path, headers=headers, body=request.body, socket=socket
        )
        return self.service.keep(received)

    def set_rate_limits(self) -> None:
        """Set the header fields that say how much of each rate limit is used."""
        for name, used in self.service.rules.used_percent.items():
            self.set_header(f"x-codex-{name}-used-percent", str(used))

    def send_json(self, body: Any, status: int = 200) -> None:
        """End the request with a JSON body."""
        self.set_status(status)
        self.set_header("content-type", "application/json")
        self.finish(orjson.dumps(body))

    def send_failure(self, status: int) -> None:
        """End the request with a failure that its body did not cause; 403 is the front's challenge page."""
        if status != 403:
            return self.send_json(failure(status).body, status)
        self.set_status(403)
        self.set_header("content-type", "text/html; charset=UTF-8")
        self.set_header("cf-mitigated", "challenge")
        self.finish(_CHALLENGE)


class Responses(Handler):
    """A handler of turns: over plain HTTP by an event stream; another transport says how it differs."""

    async def post(self) -> None:
        """Take a turn."""
        received = self.keep()
        # Most clients hang up as soon as they have read the last event.
        with contextlib.suppress(iostream.StreamClosedError):
            await self.take(received, self.service.caller(received))

    async def take(self, received: Received, caller: Caller) -> None:
        """Take a turn: answer it, refuse it, or break it as planned."""
        fate, body = self.service.fate(caller), received.json_or_none
        if fate.unanswered:
            return self.drop()
        if fate.status is not None:
            return await self.fail(fate.status)
        if not isinstance(body, dict):
            return await self.refuse(gateway("The request body is not a JSON object"))
        answer = self.answer(body, caller)
        await (self.refuse(answer) if isinstance(answer, Refusal) else self.send(answer, fate))

    def answer(self, body: dict[str, Any], caller: Caller) -> Reply | Refusal:
        """Return the response to a turn, or why it is refused."""
        return self.service.answer(body, caller)

    async def send(self, reply: Reply, fate: Break) -> None:
        """Send the head and the events of a response."""
        self.set_header("content-type", "text/event-stream; charset=utf-8")
        self.set_header("cache-control", "no-cache")
        self.set_header("openai-model", str(reply.response["model"]))
        self.set_header("x-codex-turn-state", self.service.name("ts"))
        self.set_rate_limits()
        if isinstance(self.request.connection, http1connection.HTTP1Connection):
            # Else an event could wait 40 ms for an acknowledgement of the one before it.
            self.request.connection.stream.set_nodelay(True)
        await self.send_events(reply, fate)

    async def send_events(self, reply: Reply, fate: Break) -> None:
        """Send the events of a response; wait and stop where the break says so."""
        for number, event in enumerate(answers.events(reply.response, reply.item, fate.ending)):
            if number == fate.hold_after:
                await self.service.breaks.hold(self.gone)
            if number == fate.cut_after:
                return await self.cut(event, fate.torn)
            await self.send_event(event)

    async def refuse(self, refusal: Refusal) -> None:
        """Send a refusal."""
        self.send_json(refusal.body, refusal.status)

    async def fail(self, status: int) -> None:
        """Send a failure that the turn did not cause."""
        self.send_failure(status)

    def drop(self) -> None:
        """Drop the connection."""
        self.detach().close()

    async def send_event(self, event: answers.Event) -> None:
        """Send one event of the stream."""
        self.write(answers.as_stream(event))
        await self.flush()

    async def cut(self, event: answers.Event, torn: bool) -> None:
        """Drop the connection, if torn after half of the event."""
        if torn:
            data = answers.as_stream(event)
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
        self.set_rate_limits()
        self.send_json(reply.response | {"object": "response.compaction"})
