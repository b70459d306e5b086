"""Credentials and ids in header fields, removed from flows that are kept, and from copies that can be shared.

A session's id stays: it distinguishes conversations and grants no access. Bodies stay, too. A copy is written to a file
that only its owner can read.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mitmproxy import ctx, flow, http, io

from ..hooks.state import State
from ..wire.headers import without_secrets

_PROXY_USER = "proxyauth"
"""Key in `flow.metadata` under which mitmproxy keeps the name and password of the proxy's user."""


class Redaction:
    """Removes credentials from the flows of the backend's hosts once they were sent (option `codex_redact`)."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open: dict[str, http.HTTPFlow] = {}

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Take note of a flow while its host is the one that the client asked for; another addon may change it."""
        if self._is_wanted(flow):
            self._open[flow.id] = flow

    request = requestheaders

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self._close(flow)

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        if flow.live:
            self._close(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    websocket_end = error

    def done(self) -> None:
        """Remove them from flows that are saved unfinished; at a reload, what is still to be sent must keep them."""
        if ctx.master.should_exit.is_set():
            for flow in self._open.values():
                remove_secrets(flow)

    def _close(self, flow: http.HTTPFlow) -> None:
        if self._open.pop(flow.id, None) or self._is_wanted(flow):
            remove_secrets(flow)

    def _is_wanted(self, flow: http.HTTPFlow) -> bool:
        return self._state.settings.redact and self._state.host_of(flow) is not None


def remove_secrets(flow: http.HTTPFlow) -> None:
    """Remove credentials from a flow, and from the backup that mitmproxy keeps to undo edits."""
    for message in (flow.request, flow.response):
        if message:
            message.headers.fields = without_secrets(message.headers.fields)
            if message.trailers:
                message.trailers.fields = without_secrets(message.trailers.fields)
    flow.metadata.pop(_PROXY_USER, None)
    flow._backup = None


def export(flows: Iterable[flow.Flow], path: Path) -> int:
    """Write copies of HTTP flows without their secret header fields; return how many there were. Raises OSError.

    The file appears under its name only when it is whole.
    """
    copies = [redacted_copy(each) for each in flows if isinstance(each, http.HTTPFlow)]
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            writer = io.FlowWriter(file)
            for each in copies:
                writer.add(each)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return len(copies)


def redacted_copy(original: http.HTTPFlow) -> http.HTTPFlow:
    """Return a copy of a flow, with its id, so that turns still name their predecessors, and without its secrets."""
    copy = http.HTTPFlow.from_state(original.get_state())
    assert isinstance(copy, http.HTTPFlow)
    remove_secrets(copy)
    return copy
