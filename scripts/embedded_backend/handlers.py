"""What every endpoint's handler has: the shared state, the record of what arrived, and the response headers."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tornado import web

from embedded_backend import events
from embedded_backend.breaks import Break
from embedded_backend.received import Kind, Received
from embedded_backend.refusals import Refusal, failure
from embedded_backend.service import Reply, Service

_CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"


@dataclass(slots=True, kw_only=True)
class Shared:
    """What the handlers of one backend have in common."""

    service: Service
    clock: Callable[[], float] = time.time
    on_received: Callable[[Received], None] = lambda received: None
    received: list[Received] = field(default_factory=list)
    close_sockets: set[Callable[[], None]] = field(default_factory=set)  # one for each that is open

    def keep(self, received: Received) -> Received:
        """Add to the record, and return the same."""
        self.received.append(received)
        self.on_received(received)
        return received


class Handler(web.RequestHandler):
    """A handler with JSON in and out."""

    shared: Shared

    def initialize(self, shared: Shared) -> None:
        """Take what `Application` hands to each handler."""
        self.shared = shared
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
        service, request = self.shared.service, self.request
        self.set_header("x-request-id", service.fresh_uuid())
        self.set_header("set-cookie", f"__oailb={service.name('lb')}; Path=/; Secure; HttpOnly")
        received = Received(
            kind=kind,
            host=request.host,
            method=str(request.method),
            path=str(request.uri),
            headers=tuple((name.lower(), value) for name, value in request.headers.get_all()),
            body=request.body,
            socket=socket,
        )
        return self.shared.keep(received)

    def send_json(self, body: Any, status: int = 200) -> None:
        """End the request with a JSON body."""
        self.set_status(status)
        self.set_header("content-type", "application/json")
        self.finish(orjson.dumps(body))

    def send_refusal(self, refusal: Refusal) -> None:
        """End the request with a refusal."""
        self.send_json(refusal.body, refusal.status)

    def send_failure(self, status: int) -> None:
        """End the request with a failure that its body did not cause; 403 is the front's challenge page."""
        if status != 403:
            return self.send_refusal(failure(status))
        self.set_status(403)
        self.set_header("content-type", "text/html; charset=UTF-8")
        self.set_header("cf-mitigated", "challenge")
        self.finish(_CHALLENGE)

    async def stream(self, reply: Reply, fate: Break) -> None:
        """Send the events of a reply at the pace of the rules; wait and stop where the break says so."""
        service = self.shared.service
        for number, event in enumerate(events.events(reply.response, reply.item, fate.ending)):
            if number == fate.hold_after:
                await service.breaks.hold(self.gone)
            if number == fate.cut_after:
                return await self.cut(event, fate.torn)
            if service.rules.event_delay:
                await asyncio.sleep(service.rules.event_delay)
            await self.send_event(event)

    async def send_event(self, event: events.Event) -> None:
        """Send one event of a stream."""
        raise NotImplementedError

    async def cut(self, event: events.Event, torn: bool) -> None:
        """Drop the connection before an event, or in the middle of it."""
        raise NotImplementedError
