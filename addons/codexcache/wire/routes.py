"""Which hosts are the Codex backend's, which of their endpoints take turns, and what a turn cannot lack.

The backend is `chatgpt.com`, but an account can be routed to another host below it (openai/codex, workspace routing:
`gov.chatgpt.com`). Its other endpoints (`models`, `alpha/search`, `images`, `memories`, `realtime`, `wham`) have
schemas of their own and refuse a key (router-for-me/CLIProxyAPI#4289).
"""

from typing import Literal

type Endpoint = Literal["responses", "compact"]

ESSENTIAL = frozenset({"input", "model", "type"})
"""Members of a body without which it is no turn."""

_ROOT = "/backend-api/codex"
_ENDPOINTS: dict[str, Endpoint] = {f"{_ROOT}/responses": "responses", f"{_ROOT}/responses/compact": "compact"}

_ALIASES = {
    f"{base}/responses{rest}": f"{_ROOT}/responses{rest}"
    for base in ("", "/v1", "/v1/codex", "/codex")
    for rest in ("", "/compact")
}
"""What clients append to a base URL that names only a host."""


def is_codex_host(host: str, codex_hosts: tuple[str, ...]) -> bool:
    """Tell whether `host` is one of `codex_hosts` (lower case, no dot at either end) or a subdomain of one.

    The name is shown to the user, so one that could steer a terminal is none.
    """
    name = host.lower().rstrip(".")
    return name.isprintable() and any(name == known or name.endswith("." + known) for known in codex_hosts)


def endpoint_of(target: str) -> Endpoint | None:
    """Return the endpoint that a request target, path with query, names, or None where it takes no turns."""
    return _ENDPOINTS.get(target.partition("?")[0])


def real_target(target: str) -> str:
    """Return the target that an alias stands for; any other target as it is."""
    path, mark, query = target.partition("?")
    return _ALIASES.get(path, path) + mark + query
