"""What is said once the client has ended: what its turns came to, or why none arrived and what to do about it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from toolkit.program import called

from codex_run.kinds import Kind

NAME = "Codex Continuity"
_IGNORED: dict[Kind, str] = {
    "codex": "Codex takes HTTPS_PROXY for its requests in every version, and for WebSockets since 0.120.",
    "pi": "pi takes HTTPS_PROXY for its requests and its WebSockets.",
    "node": "Node's own fetch takes HTTPS_PROXY from version 24 on (of 22, from 22.21 on) by NODE_USE_ENV_PROXY=1, "
    "which was set; an older one needs a client that looks for the variable itself.",
    "bun": "Bun's fetch takes HTTPS_PROXY; a WebSocket may not.",
    "python": "httpx, requests and urllib take HTTPS_PROXY, unless trust_env is off or httpx was given a transport "
    "of its own; aiohttp only with trust_env=True, and for a WebSocket WSS_PROXY in its place; aiosonic never does.",
    "other": "",
}
_DISTRUSTED: dict[Kind, str] = {
    "codex": "Codex before 0.120 knows SSL_CERT_FILE only, newer ones CODEX_CA_CERTIFICATE before it.",
    "pi": "pi takes NODE_EXTRA_CA_CERTS as its Node starts.",
    "node": "Node takes NODE_EXTRA_CA_CERTS as it starts, unless a client brings CAs of its own (the option ca).",
    "bun": "Bun takes NODE_EXTRA_CA_CERTS as it starts.",
    "python": "httpx takes SSL_CERT_FILE and requests REQUESTS_CA_BUNDLE, unless verify names CAs or trust_env is off.",
    "other": "",
}
_NO_CONNECTION = "The client opened no connection through the proxy"
_BASE_URLS = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "CODEX_BASE_URL")
_LOCAL = (
    f"One that takes neither can be caught by its name: {called('run')} --mode local:NAME, on macOS, on "
    "Windows, and as root on Linux."
)
_REVERSE = (
    f"A client that takes a base URL needs no proxy: {called('run')} --mode reverse:https://chatgpt.com, and "
    "http://127.0.0.1:8080 as its URL."
)


def of_turns(report: Mapping[str, Any]) -> list[str]:
    """Return the summary of the turns and of what was changed in them."""
    first, *others = report["summary"]
    seen = report["arrivals"]
    cut_short = [
        f"cut short in {count:,} turn{'s' * (count != 1)}: {_shown(cause)}"
        for cause, count in seen.get("cut_short", {}).items()
    ]
    failures = (*_refused(seen.get("refused", {})), *cut_short, *_unreachable(seen["unreachable"]), *_failed(seen))
    return [f"{NAME}: {first}", *others, _changed(report), *failures]


def of_none(reasons: Iterable[str]) -> list[str]:
    """Return that no turn came, and why."""
    return [f"{NAME}: no turn of the Codex backend passed through the proxy.", *reasons]


def why_no_turn(
    seen: Mapping[str, Any],
    *,
    kind: Kind,
    user: Mapping[str, str],
    ca: str,
    bypass: str | None = None,
    has_background_server: bool = False,
) -> list[str]:
    """Return sentences on the first reason that the evidence supports."""
    reasons = (
        _distrusted(seen["distrusted"], kind, ca),
        _unreachable(seen["unreachable"]),
        _refused(seen.get("refused", {})),
        _at_the_backend(seen, ca),
        _only_others(seen["tunnelled"], user),
        _bypassed(bypass, kind, has_background_server),
        _ignored(kind, user),
    )
    return [*next(sentences for each in reasons if (sentences := list(each))), *_failed(seen)]


def _changed(report: Mapping[str, Any]) -> str:
    changed: Mapping[str, int] = report["arrivals"]["changed"]
    if not changed:
        return f"nothing was changed{_why_unchanged(report)}"
    names: dict[int, list[str]] = {}
    for name in sorted(changed):
        names.setdefault(changed[name], []).append(name)
    counts = sorted(names, reverse=True)
    return "changed: " + "; ".join(
        f"{', '.join(names[count])} in {count:,} turn{'s' * (count != 1)}" for count in counts
    )


def _why_unchanged(report: Mapping[str, Any]) -> str:
    if report["mode"] == "observe":
        return " (codex_mode is observe)"
    if unstable := report["arrivals"].get("unstable"):
        turns = f"{unstable:,} turn{'s' * (unstable != 1)}"
        return f", though {turns} had no key and no session, or others than the turn before: see what missed"
    return ": each turn had a stable identity"


def _refused(reasons: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each reason why WebSockets were refused: that of the journal, and how often it was so."""
    for reason, count in reasons.items():
        yield f"{reason[:1].upper()}{_shown(reason[1:])}{f' ({count:,} times)' if count > 1 else ''}."


def _distrusted(hosts: Iterable[str], kind: Kind, ca: str) -> Iterator[str]:
    if hosts:
        yield f"The client refused the proxy's certificate for {_names(hosts)}: it does not trust the CA {ca}."
        yield (
            "SSL_CERT_FILE, CODEX_CA_CERTIFICATE, NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE named it, so the client "
            f"has CAs of its own, or something between cleared its environment. {_DISTRUSTED[kind]}".rstrip()
        )


def _unreachable(hosts: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each of the backend's hosts that could not be reached, with the last error."""
    for host, error in hosts.items():
        way_out = " If a CA of yours signs for it, name that in SSL_CERT_FILE." if "erify failed" in error else ""
        yield f"The proxy could not reach {_shown(host)}: {_shown(error).rstrip('.')}.{way_out}"


def _failed(seen: Mapping[str, Any]) -> Iterator[str]:
    """Yield why connections to hosts failed that are none of the backend's; many fail for the same reason."""
    hosts: dict[str, list[str]] = {}
    for host, error in seen.get("failed", {}).items():
        hosts.setdefault(_shown(error).rstrip("."), []).append(host)
    for error, names in hosts.items():
        yield (
            f"The proxy could not reach {_names(names)} either: {error}."
            if seen["unreachable"]
            else (f"The proxy could not reach {_names(names)}, which the backend does not need: {error}.")
        )


def _at_the_backend(seen: Mapping[str, Any], ca: str) -> Iterator[str]:
    requests, statuses = seen["requests"], seen["statuses"]
    if seen["hung_up"] and not requests:
        yield (
            f"The client hung up when it saw the proxy's certificate for {_names(seen['hung_up'])}; most likely it "
            f"does not trust the CA {ca}."
        )
    elif seen["begun"]:
        yield f"Turns were asked for ({seen['begun']:,} times), but none was carried out to its end."
    elif requests:
        refused = "".join(f"; {number} answered {status}" for status, number in sorted(statuses.items()))
        yield f"The client reached the backend through it, but only for other things: {requests:,} times{refused}."


def _only_others(hosts: Iterable[str], user: Mapping[str, str]) -> Iterator[str]:
    if hosts:
        yield f"The client used the proxy, but only for other hosts, which pass unopened: {_names(hosts)}."
        if "api.openai.com" in hosts:
            yield "api.openai.com is where an API key leads; the Codex backend is reached by logging in with ChatGPT."
        yield from _base_url(user)


def _bypassed(entry: str | None, kind: Kind, has_background_server: bool) -> Iterator[str]:
    if entry:
        yield f"{_NO_CONNECTION}: NO_PROXY has {_shown(entry)!r}, which sends it past the proxy. Take it out."
    elif kind == "codex" and has_background_server:
        yield (
            f"{_NO_CONNECTION}: it may have left the work to Codex's background server, which has an environment of "
            "its own. Stop that, with codex app-server daemon stop, and try again."
        )


def _ignored(kind: Kind, user: Mapping[str, str]) -> Iterator[str]:
    """Yield what a client can do that ignores proxies; in short, if nothing says that the command is such a client."""
    yield f"{_NO_CONNECTION}: it had nothing to send, or it ignores HTTPS_PROXY."
    yield from _base_url(user)
    if kind != "other":
        yield from (_IGNORED[kind], _REVERSE, _LOCAL)


def _base_url(user: Mapping[str, str]) -> Iterator[str]:
    for name in _BASE_URLS:
        with suppress(ValueError):  # of a URL that is none
            if host := urlsplit(user.get(name, "")).hostname:
                yield f"{name} leads to {_shown(host)}, which is not the Codex backend."


def _names(hosts: Iterable[str], most: int = 5) -> str:
    names = [_shown(host) for host in hosts]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _shown(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
