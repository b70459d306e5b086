"""Which CAs are trusted: those that the user's environment or the system names, and the proxy's own.

Only certificates are copied, never a key that a file contains as well.
"""

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

import certifi

COMPLETE, ADDED, UPSTREAM = "ca-bundle.pem", "ca-added.pem", "ca-upstream.pem"
"""Files of CAs: all that a client needs, those added to a client's own, and those that the proxy itself trusts."""

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


def write_upstream(work_dir: Path, user: Mapping[str, str]) -> None:
    """Write which CAs the proxy trusts: those that the client would have trusted."""
    _write(work_dir / UPSTREAM, [*_replacing(user), *_named(user, ADDING)])


def write_client(work_dir: Path, user: Mapping[str, str], ca_file: Path) -> None:
    """Write which CAs the client is to trust: the same, and the proxy's. Raises OSError."""
    own = certificates(ca_file)
    _write(work_dir / COMPLETE, [*_replacing(user), *_named(user, ADDING), *own])
    _write(work_dir / ADDED, [*_named(user, ADDING), *own])


def certificates(path: Path) -> list[bytes]:
    """Return the certificates in a file, or in the files of a folder. Raises OSError."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    return [found for file in files for found in _CERTIFICATE.findall(file.read_bytes())]


def _replacing(user: Mapping[str, str]) -> list[bytes]:
    """Return the CAs that the user names in place of the system's, else the system's."""
    systems = filter(None, (ssl.get_default_verify_paths().cafile, *_SYSTEMS, certifi.where()))
    return _named(user, REPLACING) or next(filter(None, map(_readable, systems)), [])


def _named(user: Mapping[str, str], names: Iterable[str]) -> list[bytes]:
    paths = dict.fromkeys(user[name] for name in names if user.get(name))
    return [found for path in paths for found in _readable(path)]


def _readable(path: str) -> list[bytes]:
    """Return the certificates at a path; one that cannot be read has none, as for most clients."""
    try:
        return certificates(Path(path))
    except OSError:
        return []


def _write(path: Path, found: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(each + b"\n" for each in dict.fromkeys(found)))
