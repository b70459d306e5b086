"""Hosts of the Codex backend, its endpoints that take turns, and the members that a turn cannot lack.

The backend is `chatgpt.com`, but an account can be routed to a subdomain of it (openai/codex, workspace routing:
`gov.chatgpt.com`). Its other endpoints (`models`, `alpha/search`, `images`, `memories`, `realtime`, `wham`) have
schemas of their own and reject a key (router-for-me/CLIProxyAPI#4289).
"""

from typing import Literal

type Endpoint = Literal["responses", "compact", "handshake"]
"""Where a turn is sent; a WebSocket's handshake, which is none, is told of where it was refused."""

ESSENTIAL = {
    "input": "it is what the model answers",
    "instructions": "they say what the model is to do",
    "model": "it says which model answers",
    "previous_response_id": "a delta would leave without its history",
    "prompt_cache_key": "the cache is found by it",
    "store": "the backend refuses a turn that does not say store: false",
    "stream": "the backend refuses a turn that does not say stream: true",
    "tools": "they are all that the model can call",
    "type": "it makes a frame a turn",
}
"""Members that a turn cannot do without, each with the reason."""

_BASE = "/backend-api/codex"
_ENDPOINTS: dict[str, Endpoint] = {f"{_BASE}/responses": "responses", f"{_BASE}/responses/compact": "compact"}

_ALIASES = {
    (*base, *path.split("/")): f"{_BASE}/{path}"
    for base in ((), ("codex",), ("backend-api", "codex"))
    for path in ("responses", "responses/compact")
}
"""Segments of the paths that clients build from a base URL, and the backend's own paths."""


def is_codex_host(host: str, codex_hosts: tuple[str, ...]) -> bool:
    """Return True if `host` is one of `codex_hosts` (lower case, no dot at either end) or a subdomain of one.

    The name is shown to the user, so a name with characters that could control a terminal never matches.
    """
    name = host.lower().rstrip(".")
    return name.isprintable() and any(name == known or name.endswith("." + known) for known in codex_hosts)


def endpoint_of(target: str) -> Endpoint | None:
    """Return the endpoint of a request target (path and query), None if it takes no turns."""
    return _ENDPOINTS.get(target.partition("?")[0])


def real_target(target: str) -> str:
    """Return a request target with an aliased path replaced by the backend's own, any other target unchanged.

    Doubled slashes, a slash at the end and a `v1` make no difference: they come from joining a base URL with a path.
    """
    path, mark, query = target.partition("?")
    segments = tuple(segment for segment in path.split("/") if segment not in ("", "v1"))
    return _ALIASES.get(segments, path) + mark + query
