"""Whom to trust: the CAs that the user's environment or the system names, and the proxy's own.

Only certificates are taken over, never a key that lies beside them in a file.
"""

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

REPLACING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that replace the system's CAs."""
ADDING = ("NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE")
"""Variables that add to the CAs that a client has."""

_SYSTEMS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundles:
    """Files of CAs: all that a client needs, what is added to a client's own, and what the proxy itself trusts."""

    whole: Path
    added: Path
    upstream: Path


def bundles_in(room: Path) -> Bundles:
    """Return where the files lie in a folder."""
    return Bundles(whole=room / "ca-bundle.pem", added=room / "ca-added.pem", upstream=room / "ca-upstream.pem")


def write_upstream(bundles: Bundles, user: Mapping[str, str]) -> None:
    """Write whom the proxy trusts: whoever the client would have trusted."""
    _write(bundles.upstream, [*_replacing(user), *_named(user, ADDING)])


def write_client(bundles: Bundles, user: Mapping[str, str], ca_file: Path) -> None:
    """Write whom the client is to trust: the same, and the proxy. Raises OSError."""
    own = certificates(ca_file)
    _write(bundles.whole, [*_replacing(user), *_named(user, ADDING), *own])
    _write(bundles.added, [*_named(user, ADDING), *own])


def certificates(path: Path) -> list[bytes]:
    """Return the certificates in a file, or in the files of a folder. Raises OSError."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    return [found for file in files for found in _CERTIFICATE.findall(file.read_bytes())]


def _replacing(user: Mapping[str, str]) -> list[bytes]:
    """Return the CAs that a client goes by at first: those the user names, else the system's."""
    return _named(user, REPLACING) or _first_of([ssl.get_default_verify_paths().cafile, *_SYSTEMS, _certifi()])


def _named(user: Mapping[str, str], names: Iterable[str]) -> list[bytes]:
    paths = dict.fromkeys(user[name] for name in names if user.get(name))
    return [found for path in paths for found in _readable(path)]


def _first_of(paths: Iterable[str | None]) -> list[bytes]:
    return next((found for path in paths if path and (found := _readable(path))), [])


def _readable(path: str) -> list[bytes]:
    """Return the certificates at a path; one that cannot be read has none, as for most clients."""
    try:
        return certificates(Path(path))
    except OSError:
        return []


def _certifi() -> str:
    import certifi

    return certifi.where()


def _write(path: Path, found: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(each + b"\n" for each in dict.fromkeys(found)))
