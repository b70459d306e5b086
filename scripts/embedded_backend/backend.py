"""The embedded backend as a whole: its TLS port, its CONNECT port, and the record of what arrived."""

import time
from collections.abc import Callable
from pathlib import Path

from tornado import httpserver, netutil

from embedded_backend import routes
from embedded_backend.certificates import Authority
from embedded_backend.handlers import Shared
from embedded_backend.received import Received
from embedded_backend.rules import Rules
from embedded_backend.service import Service
from embedded_backend.tunnel import Tunnel


class Backend:
    """Runs from entry to exit on loopback; its tests may run in the same event loop.

    `ca_file` is the PEM file of the CA that clients have to trust, `received` what arrived so far, in order, and
    `breaks` what is to go wrong with the next turns of single sessions.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        seed: int = 0,
        *,
        home: Path,
        port: int = 0,
        connect_port: int = 0,
        clock: Callable[[], float] = time.time,
        on_received: Callable[[Received], None] = lambda received: None,
    ) -> None:
        self.port, self.connect_port = port, connect_port
        self._service = Service(rules or Rules(), seed)
        self._authority = Authority(Path(home))
        self._shared = Shared(service=self._service, clock=clock, on_received=on_received)
        self.ca_file, self.received, self.breaks = self._authority.ca_file, self._shared.received, self._service.breaks

    @property
    def rules(self) -> Rules:
        """The rules; new ones hold from the next event on."""
        return self._service.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._service.rules = rules

    def fail_next(self, *statuses: int) -> None:
        """Make the next turns fail with these statuses, in order."""
        self._service.failures.extend(statuses)

    async def __aenter__(self) -> "Backend":
        tls = self._authority.context(self.breaks.refused_names)
        application = routes.application(self._shared)
        self._server = httpserver.HTTPServer(application, ssl_options=tls, max_buffer_size=routes.LARGEST)
        sockets = netutil.bind_sockets(self.port, "127.0.0.1")
        self._server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self._tunnel = await Tunnel(self.port, self.connect_port).__aenter__()
        self.connect_port = self._tunnel.port
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.stop()
        self.breaks.release()
        for close in list(self._shared.close_sockets):
            close()
        await self._server.close_all_connections()
        await self._tunnel.__aexit__()
