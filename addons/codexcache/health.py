"""Settings of mitmproxy that would quietly make the addon useless, each turned into a sentence with the way out."""

import difflib
import re
from collections.abc import Iterator

from mitmproxy import optmanager, version

from .settings import OPTIONS, Settings

TESTED = "12.2."
SILENCE = 24 * 60 * 60
"""Seconds that a connection may be silent. mitmproxy's own 600 cut long reasoning and idle WebSockets."""


def warnings(options: optmanager.OptManager, settings: Settings) -> list[str]:
    """Return a sentence for each thing that the user should know at the start."""
    return [*_version(), *_unknown_options(options), *_streamed_requests(options), *_scope(options, settings)]


def lengthen_silence(options: optmanager.OptManager) -> None:
    """Raise mitmproxy's limit on silent connections, unless the user has set one."""
    if not options.has_changed("tcp_timeout"):
        options.update(tcp_timeout=SILENCE)


def _version() -> Iterator[str]:
    if not version.VERSION.startswith(TESTED):
        yield (
            f"Codex Continuity is tested with mitmproxy {TESTED}x; this is {version.VERSION}. It goes on, but if "
            "something is odd, install 'mitmproxy>=12.2,<12.3'."
        )


def _unknown_options(options: optmanager.OptManager) -> Iterator[str]:
    for name in options.deferred:
        if name.startswith("codex"):
            close = difflib.get_close_matches(name, OPTIONS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(OPTIONS)}."
            yield f"There is no option {name!r}, so it does nothing. {hint}"


def _streamed_requests(options: optmanager.OptManager) -> Iterator[str]:
    if options.stream_large_bodies:
        yield (
            f"stream_large_bodies is {options.stream_large_bodies}: larger turns are sent before they can be read, and "
            "pass unchanged. Responses are streamed without it; unset it."
        )


def _scope(options: optmanager.OptManager, settings: Settings) -> Iterator[str]:
    """Name hosts of the backend that the user's own allow_hosts or ignore_hosts leave encrypted."""
    for host in settings.hosts:
        target = f"{host}:443"
        if options.allow_hosts and not _matches(options.allow_hosts, target):
            yield (
                f"allow_hosts does not match {target} (it is compared with host and port), so turns to {host} pass "
                f"unseen. Add '^(.+\\.)?{re.escape(host)}:443$' to it."
            )
        if _matches(options.ignore_hosts, target):
            yield f"ignore_hosts matches {target}, so turns to {host} pass unseen. Take it out of ignore_hosts."


def _matches(patterns: list[str], target: str) -> bool:
    return any(re.search(pattern, target, re.IGNORECASE) for pattern in patterns)
