"""Checks of the configuration: options that would quietly make the addon useless, or the proxy open to others.

Each check yields sentences with the way out. They are logged once, and again when the problem comes back.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mitmproxy import certs, connection, http, optmanager, version
from mitmproxy.proxy import mode_specs
from mitmproxy.utils import human, spec

from ..install_hints import SUPPORTED
from ..options import OPTIONS, Settings, closest
from ..turn.request import read_client_headers
from ..wire.routes import is_codex_host

_ASKS = mode_specs.RegularMode | mode_specs.UpstreamMode | mode_specs.Socks5Mode
"""The modes in which proxyauth asks for a password of its own (`mitmproxy/addons/proxyauth.py`)."""

_NO_CLIENTS = mode_specs.DnsMode
"""The modes in which no turn comes in."""


def exposure_warnings(options: optmanager.OptManager) -> Iterator[str]:
    """Yield a sentence for each way in that is open to others, or closed to all."""
    if options.server:
        modes = [mode_specs.ProxyMode.parse(spec) for spec in options.mode]
        yield from dict.fromkeys(sentence for mode in modes for sentence in _of_mode(mode, options))


def _of_mode(mode: mode_specs.ProxyMode, options: optmanager.OptManager) -> Iterator[str]:
    host = mode.listen_host(options.listen_host)
    is_open, shown = not _is_loopback(host), "all addresses" if host in ("", "0.0.0.0", "::") else host
    if isinstance(mode, _ASKS):
        if is_open and not options.proxyauth:
            who = "in your network" if options.block_global else "on the internet (block_global is off)"
            yield (
                f"The proxy listens on {shown} without proxyauth, so anyone {who} who reaches it can use it. For this "
                "machine alone, start it with --listen-host 127.0.0.1; for others, set proxyauth=USER:PASSWORD."
            )
    elif options.proxyauth and not isinstance(mode, _NO_CLIENTS):
        yield (
            f"proxyauth is set, but in {mode.type_name} mode it is read from the Authorization header, where clients "
            "send their own token, so every turn is refused with 401. Unset proxyauth, or use regular mode."
        )
    if is_open and isinstance(mode, mode_specs.ReverseMode):
        yield (
            f"The reverse proxy listens on {shown}: a client elsewhere that reaches it by http sends its token in the "
            "clear. Start it with --listen-host 127.0.0.1, or have clients use https, for which the option certs takes "
            "a certificate."
        )


def _is_loopback(host: str) -> bool:
    """Return True if only this machine can connect; a name other than localhost could be anywhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_TESTED = ("12.2.", "12.3.")
SILENCE = 24 * 60 * 60
"""Seconds that a connection may be silent. mitmproxy's own 600 cut long reasoning and idle WebSockets."""
_SHORT = 60 * 60
"""Fewer seconds of silence than this cut what is still in use."""


class ConfigChecks:
    """Says what is wrong with the settings: once, and again when it comes back."""

    def __init__(self) -> None:
        self._known: frozenset[str] | None = None

    def start(self) -> None:
        """From now on there is something to say: all options are there."""
        self._known = frozenset()

    def news(self, options: optmanager.OptManager, settings: Settings) -> list[str]:
        """Return a sentence for each thing that is wrong since the last time; before the start, nothing."""
        if self._known is None:
            return []
        sentences = warnings(options, settings)
        fresh = [sentence for sentence in sentences if sentence not in self._known]
        self._known = frozenset(sentences)
        return fresh


def warnings(options: optmanager.OptManager, settings: Settings) -> list[str]:
    """Return a sentence for each setting with which turns are missed, refused or open to others."""
    return [sentence for check in _CHECKS for sentence in check(options, settings)]


def lengthen_silence(options: optmanager.OptManager) -> None:
    """Raise mitmproxy's limit on silent connections, unless the user has set one."""
    if "tcp_timeout" in options and not options.has_changed("tcp_timeout"):  # from mitmproxy 12.2 on
        options.update(tcp_timeout=SILENCE)


def _version(_options: optmanager.OptManager, _settings: Settings) -> Iterator[str]:
    if not version.VERSION.startswith(_TESTED):
        yield (
            f"Codex Continuity is tested with mitmproxy 12.2 and 12.3; this is {version.VERSION}. It goes on, but if "
            f"something is odd, install {SUPPORTED}."
        )
    if hasattr(certs, "EMUDHRA_CHAIN_PEM"):
        yield (
            f"mitmproxy {version.VERSION} contains the private key of a compromised CA (eMudhra), with which its "
            "options emudhra and emudhra_old sign. Codex Continuity never uses it. For a mitmproxy without it, install "
            f"{SUPPORTED}."
        )


def _unknown_options(options: optmanager.OptManager, _settings: Settings) -> Iterator[str]:
    for name in options.deferred:
        if name.startswith("codex"):
            hint = f"Did you mean {meant}?" if (meant := closest(name)) else f"There are {', '.join(OPTIONS)}."
            yield f"There is no option {name!r}, so it does nothing. {hint}"


def _sizes(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name the limits by which large turns are sent unread, or not at all."""
    if options.stream_large_bodies:
        yield (
            f"stream_large_bodies is {options.stream_large_bodies}: larger turns are sent before they can be read, and "
            "pass unchanged. Responses are streamed without it; unset it."
        )
    limit = human.parse_size(options.body_size_limit)
    if limit is not None and limit < settings.body_limit:
        yield (
            f"body_size_limit is {options.body_size_limit}: larger turns are refused with 413 and never sent. "
            "Unset it, or set it to no less than codex_body_limit."
        )


def _silence(options: optmanager.OptManager, _settings: Settings) -> Iterator[str]:
    if "tcp_timeout" in options and options.tcp_timeout < _SHORT:
        yield (
            f"tcp_timeout is {options.tcp_timeout}: a connection that is silent for {options.tcp_timeout} seconds is "
            "cut, also while the model thinks or a WebSocket waits for its next turn. Unset it, and it is a day, or "
            f"set it to {_SHORT} or more."
        )


def _scope(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name hosts of the backend that the user's own allow_hosts, ignore_hosts or tcp_hosts keep closed."""
    for host in settings.hosts:
        target = f"{host}:443"
        if options.allow_hosts and not _matches(options.allow_hosts, target):
            yield (
                f"allow_hosts does not match {target} (it is compared with host and port), so turns to {host} pass "
                f"unseen. Add '^(.+\\.)?{re.escape(host)}:443$' to it."
            )
        if _matches(options.ignore_hosts, target):
            yield f"ignore_hosts matches {target}, so turns to {host} pass unseen. Take it out of ignore_hosts."
        if _matches(options.tcp_hosts, host):
            yield f"tcp_hosts matches {host}, so turns to {host} pass unseen. Take it out of tcp_hosts."


def _websocket(options: optmanager.OptManager, _settings: Settings) -> Iterator[str]:
    if not options.websocket:
        yield "websocket is off, so turns over WebSocket pass unseen. Set websocket=true."


def _reverse_target(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name the hosts to which a reverse proxy leads without anyone having said that they take turns."""
    for mode in map(mode_specs.ProxyMode.parse, options.mode):
        if isinstance(mode, mode_specs.ReverseMode) and not is_codex_host(mode.address[0], settings.hosts):
            hosts = ",".join([*settings.hosts, mode.address[0]])
            yield (
                f"The reverse proxy leads to {mode.address[0]}, which is not in codex_hosts, so turns to it pass "
                f"unseen. If it takes turns, set codex_hosts={hosts}."
            )


def _rewriting(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name the rewriting that gets at turns, before the addon reads their headers or after it has read their body."""
    turns = [_sample_turn(host) for host in settings.hosts]
    for name, value in _subjects(options.modify_headers, turns):
        if _says_whose(name, value):
            yield (
                f"modify_headers gives every turn the same {name}, so different conversations, or callers, look like "
                "one. Put a filter before it, such as /!~d chatgpt.com/."
            )
    if any(_subjects(options.modify_body, turns)):
        yield (
            "modify_body gets at turns after they have been edited here: the key goes by the prompt as the client sent "
            "it, and what then differs from turn to turn is re-sent. Put a filter before it, such as "
            "/!~d chatgpt.com/."
        )


def _replay(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name a replay of responses that no edited turn would find."""
    if not options.server_replay or options.server_replay_ignore_content or settings.mode == "observe":
        return
    sentence = (
        f"server_replay compares the body of a turn after codex_mode={settings.mode} has edited it, so a capture that "
        "was made without this addon matches none. Set codex_mode=observe, or server_replay_ignore_content=true, with "
        "which turns are answered in the order of the capture."
    )
    if options.server_replay_extra == "forward" and not options.server_replay_kill_extra:
        sentence += (
            " Until then, each turn that matches none goes to the real backend with the client's token; "
            "server_replay_extra=kill keeps it here."
        )
    yield sentence


def _subjects(patterns: list[str], turns: list[http.HTTPFlow]) -> Iterator[tuple[str, str]]:
    """Yield subject and replacement of each pattern whose filter lets a turn through."""
    for pattern in patterns:
        try:
            matches, subject, replacement = spec.parse_spec(pattern)
        except ValueError:
            continue  # mitmproxy refuses it by itself
        if any(matches(turn) for turn in turns):
            yield subject, replacement


def _says_whose(name: str, value: str) -> bool:
    """Return True if a header field helps to decide whose turn it is, and in which conversation."""
    client_headers = read_client_headers(((name.encode(), value.encode()),))
    return bool(
        client_headers.caller or client_headers.session or client_headers.idempotency_key or client_headers.native
    )


def _sample_turn(host: str) -> http.HTTPFlow:
    client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2))
    flow = http.HTTPFlow(client, connection.Server(address=(host, 443)), live=True)
    head = [(b"content-type", b"application/json")]
    flow.request = http.Request.make("POST", f"https://{host}/backend-api/codex/responses", b"{}", head)
    return flow


def _repair(_options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    if settings.repair and settings.mode == "observe":
        yield "codex_repair does nothing while codex_mode is observe, which changes nothing. Use fill or pin."


def _journal(_options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    path = Path(os.path.expanduser(settings.journal))
    if settings.journal and (reason := _unwritable(path)):
        yield f"codex_journal is {path}, but {reason}: turns go on, unrecorded, until it can be written."


def _unwritable(path: Path) -> str | None:
    """Return what keeps a file from being written, as far as it can be seen without writing it."""
    if path.is_dir():
        return "that is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    return None if os.access(path if path.exists() else path.parent, os.W_OK) else "it may not be written"


def _inbound(options: optmanager.OptManager, _settings: Settings) -> Iterator[str]:
    if not options.validate_inbound_headers:
        yield (
            "validate_inbound_headers is off: a malformed request can be one turn here and another at the backend. Set "
            "validate_inbound_headers=true."
        )


def _matches(patterns: list[str], target: str) -> bool:
    try:
        return any(re.search(pattern, target, re.IGNORECASE) for pattern in patterns)
    except re.error:
        return False  # mitmproxy refuses it by itself


_CHECKS: tuple[Callable[[optmanager.OptManager, Settings], Iterator[str]], ...] = (
    _version,
    _unknown_options,
    _scope,
    _reverse_target,
    _websocket,
    _sizes,
    _silence,
    _rewriting,
    _replay,
    _repair,
    _journal,
    _inbound,
    lambda options, _settings: exposure_warnings(options),
)
