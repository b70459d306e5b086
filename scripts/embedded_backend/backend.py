"""The embedded backend as a whole: its TLS port, its CONNECT port, and the record of what arrived."""

from pathlib import Path
from typing import Any, Self

from tornado import httpserver, netutil

from embedded_backend import routes
from embedded_backend.certificates import Authority
from embedded_backend.rules import Rules
from embedded_backend.service import Service
from embedded_backend.tunnel import Tunnel


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
        application = routes.Application(self)
        self._server = httpserver.HTTPServer(application, ssl_options=tls, max_buffer_size=routes.LARGEST)
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
