"""The proxy that the user's environment names for https: ours goes through it, so that what worked still works."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

NAMES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


class CannotChain(Exception):
    """mitmproxy cannot go through this proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A proxy to go through; `auth` is user:password, or empty."""

    url: str
    auth: str = ""


def find_upstream(user: Mapping[str, str]) -> Upstream | None:
    """Return the proxy that the user already has, or None; raise CannotChain with a sentence."""
    name = next((name for name in NAMES if user.get(name, "").strip()), None)
    return None if name is None or no_proxy(user) == ["*"] else _parse(name, user[name].strip())


def no_proxy(user: Mapping[str, str]) -> list[str]:
    """Return the hosts that the user keeps from any proxy, of both spellings of the variable."""
    both = f"{user.get('no_proxy', '')},{user.get('NO_PROXY', '')}"
    entries = list(dict.fromkeys(entry.strip() for entry in both.split(",") if entry.strip()))
    return ["*"] if "*" in entries else entries


def _parse(name: str, value: str) -> Upstream:
    # What the value is stays unsaid: it can hold a password.
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise CannotChain(f"{name} is not the address of a proxy.")
    if parts.scheme not in ("http", "https"):
        raise CannotChain(
            f"{name} names a {parts.scheme} proxy, but mitmproxy goes through http and https proxies only. Unset it "
            "for this command, or say yourself how the proxy is to run, such as with --mode regular before the --."
        )
    where = f"[{host}]" if ":" in host else host
    auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Upstream(url=f"{parts.scheme}://{where}:{port or _PORTS[parts.scheme]}", auth=auth)


_PORTS = {"http": 80, "https": 443}
