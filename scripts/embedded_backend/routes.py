"""Which handler takes which request, on any host."""

from typing import Any

from tornado import httputil, routing, web

from embedded_backend.account import AccountsCheck, Models, NotFound
from embedded_backend.handlers import Shared
from embedded_backend.http_turns import Compact, Responses
from embedded_backend.socket_turns import Socket

BASE = "/backend-api"
RESPONSES = f"{BASE}/codex/responses"


class _Call(routing.Matcher):
    """Matches a method and a path, and whether an upgrade is asked for."""

    def __init__(self, method: str, path: str, upgrade: bool = False) -> None:
        self.wanted = (method, path, upgrade)

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Returns no arguments for a match, None otherwise."""
        upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        return {} if (request.method, request.path, upgrade) == self.wanted else None


def application(shared: Shared) -> web.Application:
    """Returns the tornado application of one backend."""
    given = {"shared": shared}
    rules = [
        routing.Rule(_Call("POST", RESPONSES), Responses, given),
        routing.Rule(_Call("POST", f"{RESPONSES}/compact"), Compact, given),
        routing.Rule(_Call("GET", RESPONSES, upgrade=True), Socket, given),
        routing.Rule(_Call("GET", f"{BASE}/codex/models"), Models, given),
        routing.Rule(_Call("GET", f"{BASE}/wham/accounts/check"), AccountsCheck, given),
    ]
    return web.Application(
        rules,
        default_handler_class=NotFound,
        default_handler_args=given,
        log_function=lambda handler: None,
        websocket_max_message_size=_LARGEST,
    )


_LARGEST = 256 * 1024 * 1024  # bytes; the real limit is not known
