"""Turns that are in progress when the addon's file is reloaded: the old instance, which began them, also ends them.

When its file changes, mitmproxy removes the addon and adds a new one, in the middle of everything. What has left before
is known to the old instance alone. So it leaves a temporary addon, which passes on what happens to those flows and
removes itself when the last of them has ended.
"""

from collections.abc import Awaitable

from mitmproxy import ctx, http

from .dispatch import HookDispatcher
from .errors import InternalErrors
from .http import HttpTurns
from .websocket import SocketTurns


class ReloadDrain:
    """Sees to it that turns in progress are ended by the parts that began them."""

    def __init__(self, turns: HttpTurns, sockets: SocketTurns, errors: InternalErrors) -> None:
        self._turns, self._sockets, self._errors = turns, sockets, errors

    def done(self) -> None:
        """On reload, register a temporary addon that finishes in-flight flows.

        Do nothing on shutdown or if there are none.
        """
        drain = DrainAddon(self._turns, self._sockets, self._errors)
        if drain.has_flows and not ctx.master.should_exit.is_set():
            ctx.master.addons.add(drain.addon)


class DrainAddon:
    """Passes the flows that were in progress to the parts that know them; its `addon` stands behind the new one."""

    def __init__(self, turns: HttpTurns, sockets: SocketTurns, errors: InternalErrors) -> None:
        self.addon = HookDispatcher(f"codex_drain_{id(self)}", [self], errors)
        self._turns, self._sockets = turns, sockets
        self._requests, self._handshakes = set(turns.in_progress), set(sockets.in_progress)

    @property
    def has_flows(self) -> bool:
        """True while there is still something to end."""
        return bool(self._requests or self._handshakes)

    def responseheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        return self._turns.responseheaders(flow) if flow.id in self._requests else None

    def response(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if flow.id not in self._requests:
            return None
        waiting = self._turns.response(flow)
        self._forget(flow)
        return waiting

    def error(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._requests | self._handshakes:
            self._turns.error(flow)
            self._sockets.error(flow)
            self._forget(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Pass on the answers that are still to come; what the client sends now belongs to the new addon."""
        if flow.id in self._handshakes and flow.websocket and not flow.websocket.messages[-1].from_client:
            self._sockets.websocket_message(flow)
            if flow.id not in self._sockets.in_progress:
                self._forget(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._handshakes:
            self._sockets.websocket_end(flow)
            self._forget(flow)

    def _forget(self, flow: http.HTTPFlow) -> None:
        self._requests.discard(flow.id)
        self._handshakes.discard(flow.id)
        if not self.has_flows:
            ctx.master.addons.remove(self.addon)
