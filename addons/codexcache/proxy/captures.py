"""Turns of a saved capture, explained as if they happened now, and changed in nothing.

mitmproxy runs the hooks of a loaded flow one flow after the other, a WebSocket with all of its messages where it
ended. Turns that overlapped in time have to be told in the order of time, so they are gathered, and played back once
no more of them come.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush

from mitmproxy import http

from ..wire.coding import Undecodable
from ..wire.document import Unreadable
from ..wire.routes import endpoint_of
from .core import Core, pass_unchanged
from .recall import Recalled, recall_request, recall_socket
from .telling import portraits, relabel

_QUIET = 0.3
"""Seconds without another loaded flow after which what was gathered is played."""

_MOST = 10_000
"""Events that are gathered at the most; beyond, they are played as far as they have come."""


class Captures:
    """Explains flows that were loaded from a file, `quiet` seconds after the last, or when more than `most` wait."""

    def __init__(self, core: Core, *, quiet: float = _QUIET, most: int = _MOST) -> None:
        self._core, self._quiet, self._most = core, quiet, most
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._live: set[str] = set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live:
            self._live.add(flow.id)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None and self._is_loaded(flow):
            self._gather_request(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        if self._is_loaded(flow) and flow.response is None:
            self._gather_request(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        if not self._is_loaded(flow) or endpoint_of(flow.request.path) != "responses":
            return
        if host := self._core.host_of(flow):
            turns = list(recall_socket(flow, host, portraits(flow)))
            self._gather(flow, turns)
            closed_at = max((turn.ended_at for turn in turns), default=0.0)
            self._put(closed_at, partial(self._core.desk.socket_closed, flow.id))

    def done(self) -> None:
        self.play()

    def play(self) -> None:
        """Hand in what was gathered, in the order of time."""
        while self._events:
            _, _, event = heappop(self._events)
            with self._core.faults.noted("explaining a capture"):  # the turns that follow are told nevertheless
                event()

    def _is_loaded(self, flow: http.HTTPFlow) -> bool:
        """Tell of a flow that ends whether it came from a file; one that was killed is not live any more, but was."""
        was_live = flow.id in self._live
        self._live.discard(flow.id)
        return not flow.live and not was_live

    def _gather_request(self, flow: http.HTTPFlow) -> None:
        if flow.request.method != "POST":
            return
        endpoint, host = endpoint_of(flow.request.path), self._core.host_of(flow)
        if not endpoint or not host:
            return
        try:
            self._gather(flow, [recall_request(flow, host, endpoint, portraits(flow))])
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)

    def _gather(self, flow: http.HTTPFlow, turns: list[Recalled]) -> None:
        """Put a flow's turns among those to be played; their old portraits make room for new ones."""
        relabel(flow, [])
        for turn in turns:
            self._put(turn.sent_at, partial(self._core.note_sent, flow, turn.passage, turn.sent_at))
            self._put(turn.ended_at, partial(self._core.desk.ended, turn.passage, at=turn.ended_at))
        if len(self._events) > self._most:
            self.play()
        self._play_later()

    def _put(self, at: float, event: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._events, (at, self._count, event))

    def _play_later(self) -> None:
        """Play when no flow has come for a while; at the end of mitmdump, `done` plays before that."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self.play)
