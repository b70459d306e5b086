"""Hosts of the Codex backend, its endpoints that take turns, and the members that a turn cannot lack.

The backend is `chatgpt.com`, but an account can be routed to a subdomain of it (openai/codex, workspace routing:
`gov.chatgpt.com`). Its other endpoints (`models`, `alpha/search`, `images`, `memories`, `realtime`, `wham`) have
schemas of their own and reject a key (router-for-me/CLIProxyAPI#4289).
"""

from typing import Literal

type Endpoint = Literal["responses", "compact", "handshake"]
"""Where a turn is sent; a WebSocket's handshake, which is none, is told of where it was refused."""

ESSENTIAL = frozenset({"input", "model", "type"})
"""Members of a body without which it is not a turn."""

_BASE = "/backend-api/codex"
_ENDPOINTS: dict[str, Endpoint] = {f"{_BASE}/responses": "responses", f"{_BASE}/responses/compact": "compact"}

_ALIASES = {
    f"{base}/responses{rest}": f"{_BASE}/responses{rest}"
    for base in ("", "/v1", "/v1/codex", "/codex")
    for rest in ("", "/compact")
}
"""Paths that clients build from a base URL with a host only, and the backend's own paths."""


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
    """Return a request target with an aliased path replaced by the backend's own, any other target unchanged."""
    path, mark, query = target.partition("?")
    return _ALIASES.get(path, path) + mark + query
