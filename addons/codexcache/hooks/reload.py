"""Turns that are under way when the addon is loaded again: the old one, which began them, also ends them.

When its file changes, mitmproxy takes the addon away and puts a new one there, in the middle of everything. What has
left before is known to the old one alone. So it leaves somebody behind who passes on what happens to those flows, and
goes when the last of them has ended.
"""

from mitmproxy import ctx, http

from .dispatch import HookDispatcher
from .errors import InternalErrors
from .http import HttpTurns
from .websocket import SocketTurns


class ReloadDrain:
    """Sees to it that turns which are under way are ended by the rooms that began them."""

    def __init__(self, turns: HttpTurns, sockets: SocketTurns, faults: InternalErrors) -> None:
        self._turns, self._sockets, self._faults = turns, sockets, faults

    def done(self) -> None:
        """Leave somebody behind, unless there is nothing to end or mitmproxy itself ends."""
        if not ctx.master.should_exit.is_set() and (left := DrainAddon(self._turns, self._sockets)).has_flows:
            left.addon = HookDispatcher(f"codex_leftover_{id(left)}", [left], self._faults)
            ctx.master.addons.add(left.addon)


class DrainAddon:
    """Shows the flows that were under way to the rooms that know them; its `addon` stands behind the new one."""

    addon: HookDispatcher

    def __init__(self, turns: HttpTurns, sockets: SocketTurns) -> None:
        self._turns, self._sockets = turns, sockets
        self._requests, self._handshakes = set(turns.in_progress), set(sockets.in_progress)

    @property
    def has_flows(self) -> bool:
        """Whether there is still something to end."""
        return bool(self._requests or self._handshakes)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._requests:
            self._turns.responseheaders(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._requests:
            self._turns.response(flow)
            self._let_go(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._requests | self._handshakes:
            self._turns.error(flow)
            self._sockets.error(flow)
            self._let_go(flow)

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Have the answers heard that are still to come; what the client sends now is the new addon's."""
        if flow.id in self._handshakes and flow.websocket and not flow.websocket.messages[-1].from_client:
            self._sockets.websocket_message(flow)
            if flow.id not in self._sockets.in_progress:
                self._let_go(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        if flow.id in self._handshakes:
            self._sockets.websocket_end(flow)
            self._let_go(flow)

    def _let_go(self, flow: http.HTTPFlow) -> None:
        self._requests.discard(flow.id)
        self._handshakes.discard(flow.id)
        if not self.has_flows:
            ctx.master.addons.remove(self.addon)
