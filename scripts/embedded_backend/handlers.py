"""What every endpoint's handler has: the shared state, the record of what arrived, and the response headers."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from tornado import web, websocket

from embedded_backend.received import Kind, Received
from embedded_backend.refusals import Refusal
from embedded_backend.service import Service


@dataclass(slots=True, kw_only=True)
class Shared:
    """What the handlers of one backend have in common."""

    service: Service
    clock: Callable[[], float] = time.time
    on_received: Callable[[Received], None] = lambda received: None
    received: list[Received] = field(default_factory=list)
    sockets: set[websocket.WebSocketHandler] = field(default_factory=set)

    def keep(self, received: Received) -> Received:
        """Adds to the record, and returns the same."""
        self.received.append(received)
        self.on_received(received)
        return received

    def close_sockets(self) -> None:
        """Closes the WebSockets that are open, without waiting for the other side's farewell."""
        for socket in list(self.sockets):
            socket.close(1001, "the backend ends")
            if socket.ws_connection is not None and socket.ws_connection.stream is not None:
                socket.ws_connection.stream.close()


class Handler(web.RequestHandler):
    """A handler with JSON in and out."""

    shared: Shared

    def initialize(self, shared: Shared) -> None:
        """Takes what `Application` hands to each handler."""
        self.shared = shared
        self.gone = asyncio.Event()

    def on_connection_close(self) -> None:
        """Notes that the client has hung up."""
        super().on_connection_close()
        self.gone.set()

    def set_default_headers(self) -> None:
        """Sets what the real front sets, as far as clients look at it."""
        self.set_header("server", "cloudflare")
        self.set_header("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))

    def keep(self, kind: Kind = "request", socket: int = 0) -> Received:
        """Adds this request to the record."""
        service = self.shared.service
        self.set_header("x-request-id", service.fresh_uuid())
        self.set_header("set-cookie", f"__oailb={service.name('lb')}; Path=/; Secure; HttpOnly")
        return self.shared.keep(_received(self, kind, socket))

    def send_json(self, body: Any, status: int = 200) -> None:
        """Ends the request with a JSON body."""
        self.set_status(status)
        self.set_header("content-type", "application/json")
        self.finish(orjson.dumps(body))

    def send_refusal(self, refusal: Refusal) -> None:
        """Ends the request with a refusal."""
        self.send_json(refusal.body, refusal.status)

    def send_failure(self, status: int) -> None:
        """Ends the request as one of the failures that are nobody's fault; 403 is the front's challenge page."""
        if status != 403:
            return self.send_refusal(failure(status))
        self.set_status(403)
        self.set_header("content-type", "text/html; charset=UTF-8")
        self.set_header("cf-mitigated", "challenge")
        self.finish(_CHALLENGE)


def failure(status: int) -> Refusal:
    """Returns the body of a failure by its status."""
    kind, message = _FAILURES.get(status, ("server_error", "The server had an error while processing your request."))
    return Refusal(status, {"error": {"type": kind, "message": message, "param": None, "code": None}})


def _received(handler: Handler, kind: Kind, socket: int) -> Received:
    request = handler.request
    return Received(
        kind=kind,
        host=request.host,
        method=str(request.method),
        path=str(request.uri),
        headers=tuple((name.lower(), value) for name, value in request.headers.get_all()),
        body=request.body,
        socket=socket,
    )


_FAILURES = {
    401: ("invalid_request_error", "Your authentication token is not valid."),
    426: ("invalid_request_error", "Upgrade refused."),
    429: ("usage_limit_reached", "The usage limit has been reached"),
}

_CHALLENGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>"
