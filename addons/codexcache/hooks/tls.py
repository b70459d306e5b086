"""Which TLS connections are decrypted: the backend's. All others pass as they are, with their own certificates.

So the proxy can be set for a whole agent, its `git`, `pip` and other providers included.
"""

from mitmproxy import ctx, tls
from mitmproxy.proxy import mode_specs

from ..wire.routes import is_codex_host
from .state import State


class Tunnel:
    """Tunnels other hosts' TLS undecrypted (option `codex_tunnel`)."""

    def __init__(self, state: State) -> None:
        self._state = state

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        scope = ctx.options.allow_hosts or ctx.options.ignore_hosts  # what the user wants decrypted
        if self._state.settings.tunnel and not scope and not self._is_wanted(data):
            data.ignore_connection = True

    def _is_wanted(self, data: tls.ClientHelloData) -> bool:
        """Return True if the connection goes to the backend, to the proxy itself, or where a reverse proxy leads."""
        address = data.context.server.address
        if address is None or isinstance(data.context.client.proxy_mode, mode_specs.ReverseMode):
            return True
        names = [name for name in (data.client_hello.sni, address[0]) if name]
        return any(is_codex_host(name, self._state.settings.hosts) for name in names)
