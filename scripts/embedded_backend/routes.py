"""Which handler takes which request, on any host, and the endpoints that a client wants answered before a turn."""

from typing import Any

from tornado import httputil, routing, web

from embedded_backend.handlers import Handler, Shared
from embedded_backend.http_turns import Compact, Responses
from embedded_backend.socket_turns import Socket

BASE = "/backend-api"
RESPONSES = f"{BASE}/codex/responses"

LARGEST = 256 * 1024 * 1024  # bytes of a body or a message; the real limit is not known


class Models(Handler):
    """`GET .../models`."""

    def get(self) -> None:
        """Send the list of models, empty by default: clients then go by their own."""
        self.keep()
        self.set_header("x-models-etag", '"embedded"')
        self.send_json({"models": self.shared.service.rules.models})


class AccountsCheck(Handler):
    """`GET .../wham/accounts/check`, without which Codex 0.169 starts no turn."""

    def get(self) -> None:
        """Send one account, the one that asks."""
        account = self.keep().header("chatgpt-account-id") or "account"
        rules = self.shared.service.rules
        entry = {
            "id": account,
            "plan_type": "plus",
            "workspace_backend_origin": rules.workspace_origin,
            "account_routing_override": rules.routing_override,
        }
        self.send_json({"accounts": [entry], "account_ordering": [account], "default_account_id": account})


class NotFound(Handler):
    """Everything else."""

    def prepare(self) -> None:
        """Send a 404, whatever the method."""
        self.keep()
        self.send_json({"detail": "Not Found"}, 404)


class _Call(routing.Matcher):
    """Matches a method and a path, and whether an upgrade is asked for."""

    def __init__(self, method: str, path: str, upgrade: bool = False) -> None:
        self.wanted = (method, path, upgrade)

    def match(self, request: httputil.HTTPServerRequest) -> dict[str, Any] | None:
        """Return no arguments for a match, None otherwise."""
        upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        return {} if (request.method, request.path, upgrade) == self.wanted else None


def application(shared: Shared) -> web.Application:
    """Return the tornado application of one backend."""
    given = {"shared": shared}
    calls: list[tuple[_Call, type[Handler]]] = [
        (_Call("POST", RESPONSES), Responses),
        (_Call("POST", f"{RESPONSES}/compact"), Compact),
        (_Call("GET", RESPONSES, upgrade=True), Socket),
        (_Call("GET", f"{BASE}/codex/models"), Models),
        (_Call("GET", f"{BASE}/wham/accounts/check"), AccountsCheck),
    ]
    return web.Application(
        [routing.Rule(call, handler, given) for call, handler in calls],
        default_handler_class=NotFound,
        default_handler_args=given,
        log_function=lambda handler: None,
        websocket_max_message_size=LARGEST,
    )
