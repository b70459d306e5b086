"""Which handler takes which request, on any host, and the endpoints that a client wants answered before a turn."""

from typing import Any

from tornado import httputil, web

from embedded_backend.handlers import Compact, Handler, Responses
from embedded_backend.service import Service
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
        self.send_json({"models": self.service.rules.models})


class AccountsCheck(Handler):
    """`GET .../wham/accounts/check`, without which Codex 0.169 starts no turn."""

    def get(self) -> None:
        """Send one account, the one that asks."""
        account = self.keep().header("chatgpt-account-id") or "account"
        rules, entry = self.service.rules, {"id": account, "plan_type": "plus"}
        entry |= {"workspace_backend_origin": rules.workspace_origin}
        entry |= {"account_routing_override": rules.routing_override}
        self.send_json({"accounts": [entry], "account_ordering": [account], "default_account_id": account})


class NotFound(Handler):
    """Everything else."""

    def prepare(self) -> None:
        """Send a 404, whatever the method."""
        self.keep()
        self.send_json({"detail": "Not Found"}, 404)


_HANDLERS: dict[tuple[str | None, str, bool], type[Handler]] = {
    ("POST", RESPONSES, False): Responses,
    ("POST", f"{RESPONSES}/compact", False): Compact,
    ("GET", RESPONSES, True): Socket,
    ("GET", f"{BASE}/codex/models", False): Models,
    ("GET", f"{BASE}/wham/accounts/check", False): AccountsCheck,
}
"""By method, path, and whether an upgrade to a WebSocket is asked for."""


class Application(web.Application):
    """The tornado application of one backend."""

    def __init__(self, service: Service) -> None:
        super().__init__(log_function=lambda handler: None, websocket_max_message_size=LARGEST)
        self._service = service

    def find_handler(self, request: httputil.HTTPServerRequest, **_: Any) -> Any:
        """Return what takes a request."""
        upgrade = request.headers.get("upgrade", "").lower() == "websocket"
        handler = _HANDLERS.get((request.method, request.path, upgrade), NotFound)
        return self.get_handler_delegate(request, handler, {"service": self._service})
