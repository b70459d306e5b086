"""Requests to the backend with a path that is nearly right: each path is named once, with the right one.

Only a reverse proxy leads such a path to the right one (`wire.routes`). Elsewhere the client has asked this host for
this path, and what it gets is the backend's error, from which nobody would guess that the addon saw no turn.
"""

import logging

from mitmproxy import http

from ..text import cut
from ..wire.routes import endpoint_of, real_target
from .state import State, is_reverse

logger = logging.getLogger(__name__)

_MOST = 20
"""Paths that are named; a client could make up any number."""

_LONGEST = 80


class PathHints:
    """Names paths that are nearly those of turns."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._named: set[str] = set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if not flow.live or endpoint_of(flow.request.path) or is_reverse(flow):
            return
        path, right = (target.partition("?")[0] for target in (flow.request.path, real_target(flow.request.path)))
        if path != right and (kind := _kind_of(flow.request)) and (host := self._state.host_of(flow)):
            self._name(kind, host, path, right)

    def _name(self, kind: str, host: str, path: str, right: str) -> None:
        if path in self._named or len(self._named) >= _MOST:
            return
        self._named.add(path)
        logger.warning(
            f"A {kind} to {host} has the path {cut(path, _LONGEST)}, which is no turn's, and passes unchanged. The "
            f"right one is {right}: correct the client's base URL."
        )


def _kind_of(request: http.Request) -> str | None:
    """Return in a word what could be a turn or a socket of turns, or None."""
    if request.method == "POST":
        return "POST"
    is_handshake = request.method == "GET" and request.headers.get("upgrade", "").lower() == "websocket"
    return "WebSocket" if is_handshake else None
