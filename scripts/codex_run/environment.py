"""What the client is started with, made of the user's environment: the proxy, the CAs, and what goes past both.

Only https goes through the proxy, which is all that the backend speaks. mitmproxy would hold back plain http until a
response is complete, a download of any size included; so `HTTP_PROXY` and `ALL_PROXY` stay as the user has them.
`GIT_SSL_CAINFO` and the like stay too, since other hosts are tunnelled and show their own certificates.

Trusted are the CAs that the user's environment or the system names, and the proxy's own. Only certificates are copied,
never a key that a file contains as well.
"""

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import certifi

from codex_run.arguments import Failed
from codex_run.kinds import Kind

BACKEND = "chatgpt.com"
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_FOR_NODE = {"NODE_USE_ENV_PROXY": "1"}
"""Without it Node's own fetch ignores a proxy; with it Node 22 writes a warning into the client's output."""
_MAY_BE_NODE: tuple[Kind, ...] = ("node", "other")  # Codex's Node only starts Codex, and pi uses proxies by itself

_WITHOUT_HUB = {"CLINE_SESSION_BACKEND_MODE": "local"}
"""cline 3.0.65 leaves its turns to a background process of an earlier run, which has that run's proxy or none."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A proxy to go through; `auth` is user:password, or empty."""

    url: str
    auth: str = ""


def for_client(user: Mapping[str, str], proxy: str, work_dir: Path, kind: Kind) -> dict[str, str]:
    """Return the environment of the client, made of the user's."""
    return {
        **_WITHOUT_HUB,
        **user,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "WSS_PROXY", "wss_proxy"), proxy),  # the latter for aiohttp
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(_direct(user))),
        **(_FOR_NODE if kind in _MAY_BE_NODE else {}),
        **dict.fromkeys((*REPLACING, *ADDING), str(work_dir / COMPLETE)),
        "NODE_EXTRA_CA_CERTS": str(work_dir / ADDED),
    }


def bypass_entry(user: Mapping[str, str]) -> str | None:
    """Return the entry of the user's NO_PROXY that makes the client bypass the proxy, or None."""
    return next((entry for entry in _direct(user) if covers(entry, BACKEND)), None)


def covers(entry: str, host: str) -> bool:
    """Return whether an entry of NO_PROXY means this host."""
    name = entry.lower().partition(":")[0].lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def no_proxy(user: Mapping[str, str]) -> list[str]:
    """Return the hosts that the user keeps from any proxy, of both spellings of the variable."""
    both = f"{user.get('no_proxy', '')},{user.get('NO_PROXY', '')}"
    entries = list(dict.fromkeys(entry.strip() for entry in both.split(",") if entry.strip()))
    return ["*"] if "*" in entries else entries


def find_upstream(user: Mapping[str, str]) -> Upstream | None:
    """Return the proxy that the user's environment names for https, or None; raise Failed."""
    name = next((name for name in _PROXIES if user.get(name, "").strip()), None)
    return None if name is None or no_proxy(user) == ["*"] else _parse(name, user[name].strip())


def _direct(user: Mapping[str, str]) -> list[str]:
    """Return what bypasses the proxy: loopback and the user's hosts, but not `*`, or this launcher would be useless."""
    known = [entry for entry in no_proxy(user) if entry != "*"]
    return [*known, *(name for name in _LOOPBACK if name not in known)]


def _parse(name: str, value: str) -> Upstream:
    """Return the proxy that a variable names. No message contains the value: it can hold a password."""
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise Failed(f"{name} is not the address of a proxy.")
    if parts.scheme not in _PORTS:
        raise Failed(
            f"{name} names a {parts.scheme} proxy, but mitmproxy goes through http and https proxies only. Unset it "
            "for this command, or say yourself how the proxy is to run, such as with --mode regular before the --."
        )
    where = f"[{host}]" if ":" in host else host
    auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Upstream(url=f"{parts.scheme}://{where}:{port or _PORTS[parts.scheme]}", auth=auth)


def write_upstream(work_dir: Path, user: Mapping[str, str]) -> None:
    """Write which CAs the proxy trusts: those that the client would have trusted."""
    _write(work_dir / UPSTREAM, _trusted(user))


def write_client(work_dir: Path, user: Mapping[str, str], ca_file: Path) -> None:
    """Write which CAs the client is to trust: the same, and the proxy's. Raises OSError."""
    own = certificates(ca_file)
    _write(work_dir / COMPLETE, [*_trusted(user), *own])
    _write(work_dir / ADDED, [*_named(user, ADDING), *own])


def certificates(path: Path) -> list[bytes]:
    """Return the certificates in a file, or in the files of a folder. Raises OSError."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    return [found for file in files for found in _CERTIFICATE.findall(file.read_bytes())]


def _trusted(user: Mapping[str, str]) -> list[bytes]:
    """Return the CAs that the user names in place of the system's, else the system's, and those that the user adds."""
    systems = filter(None, (ssl.get_default_verify_paths().cafile, *_SYSTEMS, certifi.where()))
    replacing = _named(user, REPLACING) or next(filter(None, map(_readable, systems)), [])
    return [*replacing, *_named(user, ADDING)]


def _named(user: Mapping[str, str], names: Iterable[str]) -> list[bytes]:
    paths = dict.fromkeys(user[name] for name in names if user.get(name))
    return [found for path in paths for found in _readable(path)]


def _readable(path: str) -> list[bytes]:
    """Return the certificates at a path; one that cannot be read has none, as for most clients."""
    with suppress(OSError):
        return certificates(Path(path))
    return []


def _write(path: Path, found: Iterable[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(b"".join(each + b"\n" for each in dict.fromkeys(found)))
