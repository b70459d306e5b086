"""What the client gets to know. Nobody else does: the user's shell and files stay as they are.

Only https goes through the proxy, which is all that the backend speaks. Plain http would be taken apart and held back
by mitmproxy until it is whole, a download of any size included, and nothing in it is ours; so neither `HTTP_PROXY` nor
`ALL_PROXY` is set, and what the user has there stays. `GIT_SSL_CAINFO` and the like stay too, since the hosts behind
them are tunnelled and show their own certificates.
"""

from collections.abc import Mapping

from codex_run.kinds import Kind
from codex_run.trust import Bundles
from codex_run.upstream import no_proxy

LOOPBACK = ("localhost", "127.0.0.1", "::1")
BACKEND = "chatgpt.com"

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE", "NODE_EXTRA_CA_CERTS")
"""The variables that name CAs for the client."""

_FOR_NODE = {"NODE_USE_ENV_PROXY": "1"}
"""Without it Node's own fetch heeds no proxy; with it Node 22 writes a warning among what the client says."""
_MAY_BE_NODE: tuple[Kind, ...] = ("node", "other")
"""Codex's Node only starts Codex, and pi heeds proxies by itself."""


def for_client(user: Mapping[str, str], proxy: str, bundles: Bundles, kind: Kind) -> dict[str, str]:
    """Return the environment of the client, made of the user's."""
    direct = ",".join(_direct(user))
    return {
        **user,
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": direct,
        "no_proxy": direct,
        **(_FOR_NODE if kind in _MAY_BE_NODE else {}),
        **{name: str(bundles.whole) for name in TRUST},
        "NODE_EXTRA_CA_CERTS": str(bundles.added),
    }


def passes_by(user: Mapping[str, str]) -> str | None:
    """Return the entry of the user's NO_PROXY that sends the client past the proxy, or None."""
    return next((entry for entry in _direct(user) if covers(entry, BACKEND)), None)


def covers(entry: str, host: str) -> bool:
    """Tell whether an entry of NO_PROXY means this host."""
    name = entry.lower().partition(":")[0].lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _direct(user: Mapping[str, str]) -> list[str]:
    """Return what goes past the proxy: the user's hosts and loopback.

    A user who wants no proxy for anything wants ours now, or this command would not have been given.
    """
    known = [entry for entry in no_proxy(user) if entry != "*"]
    return [*known, *(name for name in LOOPBACK if name not in known)]
