"""The embedded backend as a whole: its TLS port, its CONNECT port, and the record of what arrived."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tornado import httpserver, netutil

from embedded_backend import routes
from embedded_backend.breaks import Breaks
from embedded_backend.certificates import Authority
from embedded_backend.handlers import Shared
from embedded_backend.received import Received
from embedded_backend.rules import Rules
from embedded_backend.service import Service
from embedded_backend.tunnel import Tunnel

_LARGEST = 256 * 1024 * 1024  # bytes of a body; the real limit is not known


class Backend:
    """Runs from entry to exit on loopback; one event loop serves it and whoever tests against it."""

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
        self.service = Service(rules or Rules(), seed)
        self.port = port
        self.connect_port = connect_port
        self._authority = Authority(Path(home))
        self._shared = Shared(service=self.service, clock=clock, on_received=on_received)

    @property
    def ca_file(self) -> Path:
        """The PEM file of the CA that clients have to trust."""
        return self._authority.ca_file

    @property
    def received(self) -> list[Received]:
        """What arrived so far, in order."""
        return self._shared.received

    @property
    def rules(self) -> Rules:
        """The rules; new ones hold from the next event on."""
        return self.service.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self.service.rules = rules

    @property
    def breaks(self) -> Breaks:
        """What is to go wrong with the next turns of single sessions."""
        return self.service.breaks

    def fail_next(self, *statuses: int) -> None:
        """Makes the next turns fail with these statuses, in order."""
        self.service.failures.extend(statuses)

    async def __aenter__(self) -> "Backend":
        application = routes.application(self._shared)
        self._server = httpserver.HTTPServer(
            application, ssl_options=self._authority.context(self.breaks.refused_names), max_buffer_size=_LARGEST
        )
        sockets = netutil.bind_sockets(self.port, "127.0.0.1")
        self._server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self._tunnel = await Tunnel(self.port, self.connect_port).__aenter__()
        self.connect_port = self._tunnel.port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self.breaks.release()
        self._shared.close_sockets()
        await self._server.close_all_connections()
        await self._tunnel.__aexit__(kind, error, trace)
