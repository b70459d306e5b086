"""The backend's certificate authority, kept over restarts, and the leaves that it signs, fresh in each run."""

import ssl
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path

import trustme

NAMES = ("chatgpt.com", "*.chatgpt.com", "*.example", "localhost", "127.0.0.1")


class Authority:
    """Signs leaves; `ca_file` is what a client has to trust. Raises OSError where `home` cannot be written."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.ca_file = home, home / "ca.pem"
        key = home / "ca.key"
        if not (self.ca_file.exists() and key.exists()):
            made = trustme.CA(organization_unit_name="embedded backend CA", path_length=0)
            key.touch(mode=0o600)
            made.private_key_pem.write_to_path(key)
            made.cert_pem.write_to_path(self.ca_file)
        self._ca = trustme.CA.from_pem(self.ca_file.read_bytes(), key.read_bytes())
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, refused: AbstractSet[str] = frozenset()) -> ssl.SSLContext:
        """Return the server's TLS settings: the leaf for `NAMES`, and one of its own for any other name asked for.

        The handshake for a name in `refused`, which may change meanwhile, ends with an alert.
        """
        context = self._leaf(*NAMES)
        context.sni_callback = partial(self._on_name, refused)
        return context

    def _on_name(
        self, refused: AbstractSet[str], connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext
    ) -> int | None:
        if name in refused:
            return ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
        # Clients accept no wildcard right under a top-level name, so `*.example` alone would help none of them.
        if name and name not in NAMES and not name.endswith(".chatgpt.com"):
            connection.context = self._contexts[name] = self._contexts.get(name) or self._leaf(name)
        return None

    def _leaf(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context
