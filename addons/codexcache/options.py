"""The options, declared as a table and parsed once.

All are strings that may be missing. With any other type, a bad or a missing value makes mitmproxy drop the whole script
without a message (measured on mitmproxy 12.2). So values are parsed here, and a wrong one stops the start with one.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from .text import without_credentials
from .verdicts import MISSES, PREDICTABLE
from .wire.routes import ESSENTIAL

Mode = Literal["fill", "pin", "observe"]
Repair = Literal["tool_order", "spelling", "volatile"]

_OF_WHAT_IS_SENT = (
    "codex_mode",
    "codex_hosts",
    "codex_strip",
    "codex_learn",
    "codex_repair",
    "codex_body_limit",
    "codex_tunnel",
)
"""The options that decide what is sent."""

OPTIONS: dict[str, tuple[str, str]] = {
    "codex_mode": (
        "fill",
        "What is done to a turn of the Codex backend: fill gives it one stable key, pin also holds a client to the key "
        "with which its conversation began, observe changes nothing.",
    ),
    "codex_hosts": ("chatgpt.com", "Hosts of the Codex backend, each with its subdomains; a comma list."),
    "codex_strip": ("stream_options", "Top-level members that are removed from every turn; a comma list."),
    "codex_learn": (
        "",
        "Top-level members that are left out of later turns to a host and model once the backend has refused them "
        "there; a comma list.",
    ),
    "codex_repair": (
        "",
        "Where a turn continues a conversation, send again the bytes that its predecessor sent: tool_order for the "
        "same tools in another order, spelling for the same JSON in other bytes, volatile for instructions that differ "
        "only in dates, times, UUIDs or counters; a comma list. Never for the official client.",
    ),
    "codex_body_limit": ("64m", "Turns whose decoded body is larger pass unchanged. Understands k, m and g."),
    "codex_view_limit": (
        "16m",
        "How much of a streamed response, and of a WebSocket's messages, is kept for viewing and saving. Understands "
        "k, m and g.",
    ),
    "codex_view_total": (
        "512m",
        "How much the console and mitmweb keep of all turns' bodies together; beyond it those of the oldest turns are "
        "dropped, while their rows, comments and figures stay. Understands k, m and g.",
    ),
    "codex_journal": ("", "File to which one JSON object a line is appended for each finished turn; empty for none."),
    "codex_intercept": (
        "",
        "Hold a turn before it leaves if it is heading for one of these verdicts, or for any miss; a comma list of "
        "verdict names, or miss. Not in mitmdump, which cannot resume a flow.",
    ),
    "codex_redact": (
        "off",
        "Take credentials out of each flow once it has been sent, so that they are not saved: on or off. Such a flow "
        "cannot be replayed.",
    ),
    "codex_tunnel": (
        "on",
        "Tunnel the TLS connections of all other hosts undecrypted, unless allow_hosts or ignore_hosts is set: on or "
        "off.",
    ),
    "codex_state": (
        "on",
        "Where it is kept by what conversations are known, over restarts: on for a file in mitmproxy's confdir, the "
        "path of another file, redis://HOST or rediss://HOST for one server that all proxies of a team use, or off.",
    ),
    "codex_state_limit": ("64m", "How large the file of codex_state may become. Understands k, m and g."),
    "codex_state_days": ("30", "How many days what is in codex_state is kept after it was last used."),
    "codex_otel": (
        "off",
        "Export each finished turn by OpenTelemetry to where the OTEL_* variables say, without content: on or off.",
    ),
}
"""The default and the help of each option."""

_SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"([1-9][0-9]{0,17})([kmg]?)", re.IGNORECASE)
_DAYS = re.compile(r"[0-9]{1,4}")
_ADDRESS = re.compile(r"rediss?://\S+")
_LIKE_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_MEMBER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_MEMBERS = "names of top-level members, separated by commas"
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parsed options. Limits are in bytes."""

    mode: Mode
    hosts: tuple[str, ...]
    strip: frozenset[str]
    learn: frozenset[str]
    repair: frozenset[Repair]
    body_limit: int
    view_limit: int
    view_total: int
    tunnel: bool
    journal: str
    intercept: frozenset[str]
    redact: bool
    state: str
    state_limit: int
    state_days: int
    otel: bool


def refuse_misspelled(unknown: Iterable[str]) -> None:
    """Raise ValueError if an option that does not exist was most likely meant to change what is sent.

    mitmproxy takes it for one of an addon that is still to come. So turns would be edited that were not to be.
    """
    for name in unknown:
        if name.startswith("codex") and (meant := closest(name)) in _OF_WHAT_IS_SENT:
            raise ValueError(f"There is no option {name}. Did you mean {meant}, which decides what is sent?")


def closest(name: str) -> str | None:
    """Return the option that is spelled most like a name, None if none is."""
    return next(iter(difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.8)), None)


def parse_settings(values: Mapping[str, str | None]) -> Settings:
    """Return the settings. Raise ValueError, with a message for the user, if an option has no or a wrong value."""
    return Settings(
        mode=_parse(values, "codex_mode", _mode, f"one of {', '.join(get_args(Mode))}"),
        hosts=_parse(values, "codex_hosts", _hosts, "host names without scheme, port or path, separated by commas"),
        strip=_dispensable(values, "codex_strip"),
        learn=_dispensable(values, "codex_learn"),
        repair=_parse(values, "codex_repair", _repairs, f"some of {', '.join(get_args(Repair))}, or nothing"),
        body_limit=_parse(values, "codex_body_limit", _size, "a size such as 500k, 64m or 1g"),
        view_limit=_parse(values, "codex_view_limit", _size, "a size such as 500k, 16m or 1g"),
        view_total=_parse(values, "codex_view_total", _size, "a size such as 64m, 512m or 1g"),
        tunnel=_parse(values, "codex_tunnel", _switch, "on or off"),
        journal=_parse(values, "codex_journal", str, "the path of a file"),
        intercept=_parse(values, "codex_intercept", _verdicts, f"miss, or some of {', '.join(PREDICTABLE)}"),
        redact=_parse(values, "codex_redact", _switch, "on or off"),
        state=_parse(values, "codex_state", _state, "on, off, the path of a file, or redis://HOST"),
        state_limit=_parse(values, "codex_state_limit", _size, "a size such as 16m, 64m or 1g"),
        state_days=_parse(values, "codex_state_days", _days, "a number of days from 1 to 3650"),
        otel=_parse(values, "codex_otel", _switch, "on or off"),
    )


def default_settings(**given: str) -> Settings:
    """Return the settings if no options but the given ones are set. Raise ValueError for a wrong value."""
    return parse_settings({name: default for name, (default, _) in OPTIONS.items()} | given)


def _parse[T](values: Mapping[str, str | None], name: str, parser: Callable[[str], T | None], wanted: str) -> T:
    if (given := values[name]) is None:
        raise ValueError(f"{name} has no value, but it takes {wanted}.")
    if (value := parser(text := given.strip())) is None:
        shown = without_credentials(text) if name == "codex_state" else text
        raise ValueError(f"{name} is {shown!r}, but it takes {wanted}.")
    return value


def _dispensable(values: Mapping[str, str | None], name: str) -> frozenset[str]:
    """Return the members that an option names. Raise ValueError if a turn cannot do without one of them."""
    members = _parse(values, name, _members, _MEMBERS)
    if essential := sorted(members & ESSENTIAL.keys()):
        raise ValueError(
            f"{name} is {values[name]!r}, but it takes only members that a turn can do without. {essential[0]} is not "
            f"one: {ESSENTIAL[essential[0]]}."
        )
    return members


def _mode(text: str) -> Mode | None:
    return cast(Mode, text) if text in get_args(Mode) else None


def _hosts(text: str) -> tuple[str, ...] | None:
    hosts = tuple(part.lower().strip(".") for part in _parts(text))
    return hosts if hosts and all(_HOST.fullmatch(host) for host in hosts) else None


def _members(text: str) -> frozenset[str] | None:
    names = frozenset(_parts(text))
    return names if all(_MEMBER.fullmatch(name) for name in names) else None


def _repairs(text: str) -> frozenset[Repair] | None:
    names = frozenset(_parts(text))
    return cast(frozenset[Repair], names) if names <= {*get_args(Repair)} else None


def _size(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2].lower()] if match else None


def _state(text: str) -> str | None:
    """Return "on", "off", an address or a path."""
    if (switch := _SWITCH.get(text.lower())) is not None:
        return "on" if switch else "off"
    return text if _ADDRESS.fullmatch(text) or (text and not _LIKE_ADDRESS.match(text)) else None


def _days(text: str) -> int | None:
    return int(text) if _DAYS.fullmatch(text) and 1 <= int(text) <= 3650 else None


def _switch(text: str) -> bool | None:
    return _SWITCH.get(text.lower())


def _verdicts(text: str) -> frozenset[str] | None:
    names = frozenset(_parts(text))
    known = names <= {"miss", *PREDICTABLE}
    return (names - {"miss"}) | (MISSES if "miss" in names else frozenset()) if known else None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
