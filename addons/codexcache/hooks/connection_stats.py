"""Connection statistics: what arrives at the proxy, and what does not, which would otherwise leave no trace.

A client that does not trust the proxy's CA is told once how to trust it, for each of its addresses and each host.
"""

import logging
from collections import Counter
from pathlib import Path

from mitmproxy import connection, ctx, http, tls
from mitmproxy.proxy import mode_specs, server_hooks

from ..body.json_splice import Json
from ..diagnosis.diagnosis import Diagnosis
from ..wire.routes import is_codex_host
from .notify import FinishedTurn
from .state import State

logger = logging.getLogger(__name__)

_MOST = 200
"""Names counted of each kind; clients make them up, so there could be any number."""

_NUMBERS = ("connections", "turns", "unstable")
_IDENTITY = {"prompt_cache_key_changed", "session_changed"}

_CA_REJECTED = ("does not trust", "may not trust")
"""What mitmproxy writes when the client sent an alert about the certificate (`proxy/layers/tls.py`)."""
_HUNG_UP = "disconnected during the handshake"


class ConnectionStats:
    """Counts connections, hosts, refusals and turns, and says what a client needs that refuses our CA."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._advised: set[tuple[str, str]] = set()
        self.connections = self.turns = self.unstable = 0
        self._changed: Counter[tuple[str, ...]] = Counter()
        self.statuses: Counter[str] = Counter()
        self.opened: Counter[str] = Counter()
        self.tunnelled: Counter[str] = Counter()
        self.distrusted: Counter[str] = Counter()
        self.hung_up: Counter[str] = Counter()
        self.unreachable: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.refused: Counter[str] = Counter()
        self.cut_short: Counter[str] = Counter()

    def report(self) -> dict[str, Json]:
        """Return what was counted, as plain values."""
        connections = ("statuses", "opened", "tunnelled", "distrusted", "hung_up", "unreachable", "failed")
        counters = ("changed", "refused", "cut_short", *connections)
        numbers: dict[str, Json] = {name: getattr(self, name) for name in _NUMBERS}
        numbers |= {"requests": self._state.requests, "begun": self._state.begun}
        return numbers | {name: dict(getattr(self, name)) for name in counters}

    @property
    def changed(self) -> Counter[str]:
        """How often each part of a turn was altered."""
        return sum((Counter(dict.fromkeys(names, count)) for names, count in self._changed.items()), Counter[str]())

    def count(self, turn: FinishedTurn) -> None:
        """Count a finished turn, what was altered for it, and what cut it short; or why a WebSocket was refused.

        A warm-up is no turn. What was altered for it counts all the same: with it a WebSocket's handshake is told of,
        which serves the turns behind it.
        """
        diagnosis, record = turn.diagnosis, turn.diagnosis.record
        if record.endpoint == "handshake":
            _count(self.refused, diagnosis.verdict.because)
            return
        _count(self._changed, diagnosis.exchange.changed)
        self.unstable += not record.warm_up and _is_unstable(diagnosis)
        self.turns += not record.warm_up
        if record.cut_short and not record.warm_up:
            _count(self.cut_short, record.cut_short)

    def client_connected(self, client: connection.Client) -> None:
        self.connections += 1

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        host = data.client_hello.sni or _host(data.context.server.address)
        _count(self.tunnelled if data.ignore_connection else self.opened, host)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and flow.response and flow.response.status_code >= 400 and self._state.host_of(flow):
            self.statuses[str(flow.response.status_code)] += 1

    def tls_failed_client(self, data: tls.TlsData) -> None:
        host = data.conn.sni or _host(data.context.server.address)
        if any(words in (data.conn.error or "") for words in _CA_REJECTED):
            _count(self.distrusted, host)
            self._advise(_host(data.context.client.peername), host)
        elif _HUNG_UP in (data.conn.error or ""):
            _count(self.hung_up, host)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        self._note_unreachable(data.context.client, data.context.server, data.conn.error)

    def server_connect_error(self, data: server_hooks.ServerConnectionHookData) -> None:
        self._note_unreachable(data.client, data.server, data.server.error)

    def _note_unreachable(self, client: connection.Client, server: connection.Server, error: str | None) -> None:
        """Note why the backend, a proxy that leads there, or another host could not be reached."""
        mode, host = client.proxy_mode, server.sni or _host(server.address)
        leads_there = isinstance(mode, mode_specs.UpstreamMode) and server.address == mode.address
        name = f"the proxy {host}" if leads_there else host
        is_backend = leads_there or is_codex_host(host, self._state.settings.hosts)
        noted = self.unreachable if is_backend else self.failed
        if name in noted or len(noted) < _MOST:
            noted[name] = error or "no reason given"

    def _advise(self, client: str, host: str) -> None:
        if (client, host) in self._advised or len(self._advised) >= _MOST:
            return
        self._advised.add((client, host))
        ca = Path(ctx.options.confdir).expanduser() / "mitmproxy-ca-cert.pem"
        logger.warning(f"A client at {client} does not trust mitmproxy's CA for {host!r}. {how_to_trust(str(ca))}")


def _is_unstable(diagnosis: Diagnosis) -> bool:
    """Return True for a turn that left with neither key nor session, or with others than the turn before it."""
    route, is_fork = diagnosis.record.route, diagnosis.verdict.blame == "expected"
    return not (route.key or route.session) or not (is_fork or _IDENTITY.isdisjoint(diagnosis.verdict.changes))


def how_to_trust(ca: str) -> str:
    """Return what each kind of client needs to trust a CA."""
    return (
        f"Codex 0.120 and newer: set CODEX_CA_CERTIFICATE={ca}. Node clients and opencode: set "
        f"NODE_EXTRA_CA_CERTS={ca}. Python and older Codex: set SSL_CERT_FILE (for requests also REQUESTS_CA_BUNDLE) "
        "to a file with the system's CAs and this one. Or start the client with codex-continuity run -- COMMAND "
        "(in a checkout scripts/run -- COMMAND), which does it."
    )


def _count[T](counter: Counter[T], name: T) -> None:
    if name in counter or len(counter) < _MOST:
        counter[name] += 1


def _host(address: tuple[str, int] | tuple[str, int, int, int] | None) -> str:
    return address[0] if address else "an unnamed host"
