"""What the client is started with, made of the user's environment, and the proxy that the user already had.

Only https goes through the proxy, which is all that the backend speaks. mitmproxy would hold back plain http until a
response is complete, a download of any size included; so `HTTP_PROXY` and `ALL_PROXY` stay as the user has them.
`GIT_SSL_CAINFO` and the like stay too, since other hosts are tunnelled and show their own certificates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from codex_run.kinds import Kind
from codex_run.trust import ADDED, ADDING, COMPLETE, REPLACING

BACKEND = "chatgpt.com"
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_FOR_NODE = {"NODE_USE_ENV_PROXY": "1"}
"""Without it Node's own fetch ignores a proxy; with it Node 22 writes a warning into the client's output."""
_MAY_BE_NODE: tuple[Kind, ...] = ("node", "other")
"""Codex's Node only starts Codex, and pi uses proxies by itself."""


class CannotChain(Exception):
    """mitmproxy cannot go through the user's proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A proxy to go through; `auth` is user:password, or empty."""

    url: str
    auth: str = ""


def for_client(user: Mapping[str, str], proxy: str, work_dir: Path, kind: Kind) -> dict[str, str]:
    """Return the environment of the client, made of the user's."""
    direct = ",".join(_direct(user))
    return {
        **user,
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": direct,
        "no_proxy": direct,
        **(_FOR_NODE if kind in _MAY_BE_NODE else {}),
        **{name: str(work_dir / COMPLETE) for name in (*REPLACING, *ADDING)},
        "NODE_EXTRA_CA_CERTS": str(work_dir / ADDED),
    }


def bypass_entry(user: Mapping[str, str]) -> str | None:
    """Return the entry of the user's NO_PROXY that makes the client bypass the proxy, or None."""
    return next((entry for entry in _direct(user) if covers(entry, BACKEND)), None)


def covers(entry: str, host: str) -> bool:
    """Tell whether an entry of NO_PROXY means this host."""
    name = entry.lower().partition(":")[0].lstrip("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def no_proxy(user: Mapping[str, str]) -> list[str]:
    """Return the hosts that the user keeps from any proxy, of both spellings of the variable."""
    both = f"{user.get('no_proxy', '')},{user.get('NO_PROXY', '')}"
    entries = list(dict.fromkeys(entry.strip() for entry in both.split(",") if entry.strip()))
    return ["*"] if "*" in entries else entries


def find_upstream(user: Mapping[str, str]) -> Upstream | None:
    """Return the proxy that the user's environment names for https, or None; raise CannotChain with a sentence."""
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
        raise CannotChain(f"{name} is not the address of a proxy.")
    if parts.scheme not in _PORTS:
        raise CannotChain(
            f"{name} names a {parts.scheme} proxy, but mitmproxy goes through http and https proxies only. Unset it "
            "for this command, or say yourself how the proxy is to run, such as with --mode regular before the --."
        )
    where = f"[{host}]" if ":" in host else host
    auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Upstream(url=f"{parts.scheme}://{where}:{port or _PORTS[parts.scheme]}", auth=auth)
