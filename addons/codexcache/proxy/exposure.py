"""Who can reach the proxy, and what guards it: a sentence where it is open to more than this machine."""

import ipaddress
from collections.abc import Iterator

from mitmproxy import optmanager
from mitmproxy.proxy import mode_specs

_ASKS = mode_specs.RegularMode | mode_specs.UpstreamMode | mode_specs.Socks5Mode
"""The modes in which proxyauth asks for a password of its own (`mitmproxy/addons/proxyauth.py`)."""

_NO_CLIENTS = mode_specs.DnsMode
"""The modes in which no turn comes in."""


def warnings(options: optmanager.OptManager) -> Iterator[str]:
    """Yield a sentence for each way in that is open to others, or closed to all."""
    if options.server:
        modes = [mode_specs.ProxyMode.parse(spec) for spec in options.mode]
        yield from dict.fromkeys(sentence for mode in modes for sentence in _of_mode(mode, options))


def _of_mode(mode: mode_specs.ProxyMode, options: optmanager.OptManager) -> Iterator[str]:
    host = mode.listen_host(options.listen_host)
    if isinstance(mode, _ASKS):
        if not options.proxyauth and not _is_loopback(host):
            yield _open(host, options)
    elif options.proxyauth and not isinstance(mode, _NO_CLIENTS):
        yield _closed(mode)
    if isinstance(mode, mode_specs.ReverseMode) and not _is_loopback(host):
        yield _in_clear(host)


def _open(host: str, options: optmanager.OptManager) -> str:
    who = "in your network" if options.block_global else "on the internet (block_global is off)"
    return (
        f"The proxy listens on {_shown(host)} without proxyauth, so anyone {who} who reaches it can use it. For this "
        "machine alone, start it with --listen-host 127.0.0.1; for others, set proxyauth=USER:PASSWORD."
    )


def _closed(mode: mode_specs.ProxyMode) -> str:
    return (
        f"proxyauth is set, but in {mode.type_name} mode it is read from the Authorization header, where clients send "
        "their own token, so every turn is refused with 401. Unset proxyauth, or use regular mode."
    )


def _in_clear(host: str) -> str:
    return (
        f"The reverse proxy listens on {_shown(host)}: a client elsewhere that reaches it by http sends its token in "
        "the clear. Start it with --listen-host 127.0.0.1, or have clients use https, for which the option certs takes "
        "a certificate."
    )


def _is_loopback(host: str) -> bool:
    """Tell whether only this machine can connect; a name other than localhost could be anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    return "all addresses" if host in ("", "0.0.0.0", "::") else host
