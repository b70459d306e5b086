"""The embedded backend as a whole: its TLS port, its CONNECT port, and which handler takes which request."""

from pathlib import Path
from typing import Any, Self

from tornado import httpserver, httputil, netutil, web

from embedded_backend.certificates import Authority
from embedded_backend.handlers import Compact, Handler, Responses
from embedded_backend.rules import Rules
from embedded_backend.service import Service
from embedded_backend.socket_turns import Socket
from embedded_backend.tunnel import Tunnel

BASE = "/backend-api"
RESPONSES = f"{BASE}/codex/responses"

LARGEST = 256 * 1024 * 1024  # bytes of a body or a message; the real limit is not known


class Models(Handler):
    """`GET .../models`."""

    def get(self) -> None:
        """Send an empty list of models: clients then go by their own."""
        self.keep()
        self.set_header("x-models-etag", '"embedded"')
        self.send_json({"models": []})


class AccountsCheck(Handler):
    """`GET .../wham/accounts/check`, without which Codex 0.169 starts no turn."""

    def get(self) -> None:
        """Send one account, the one that asks."""
        account = self.keep().header("chatgpt-account-id") or "account"
        entry = {"id": account, "plan_type": "plus"}
        entry |= {"workspace_backend_origin": "https://chatgpt.com", "account_routing_override": "NO_CONSTRAINT"}
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


class Backend(Service):
    """Runs from entry to exit on loopback; its tests may run in the same event loop.

    `ca_file` is the PEM file of the CA that clients have to trust. `options` are those of `Service`: its seed, its
    clock, and what is called with all that arrives.
    """

    def __init__(self, rules: Rules | None = None, *, home: Path, **options: Any) -> None:
        super().__init__(rules, **options)
        self._authority = Authority(Path(home))
        self.ca_file = self._authority.ca_file

    async def __aenter__(self) -> Self:
        tls = self._authority.context(self.breaks.refused_names)
        application = Application(self)
        self._server = httpserver.HTTPServer(application, ssl_options=tls, max_buffer_size=LARGEST)
        sockets = netutil.bind_sockets(0, "127.0.0.1")
        self._server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self._tunnel = await Tunnel(self.port).__aenter__()
        self.connect_port = self._tunnel.port
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        self.breaks.release()
        for end in list(self.open_sockets):
            end()
        await self._server.close_all_connections()
        await self._tunnel.__aexit__()
