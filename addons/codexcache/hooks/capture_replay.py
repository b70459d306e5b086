"""Turns of a saved capture, explained as if they happened now, and changed in nothing.

mitmproxy runs the hooks of a loaded flow one flow after the other, a WebSocket with all of its messages where it
ended. Turns that overlapped have to be diagnosed in the order of time, so they are collected, and played back once
no more of them come. What reads them is imported with the first: most proxies load none.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from mitmproxy import http
from mitmproxy.flow import Error

from ..wire.routes import Endpoint
from .kept_bodies import WHY_DROPPED, is_dropped
from .notify import relabel, turn_summaries
from .state import State, asks_for_websocket, pass_unchanged

if TYPE_CHECKING:
    from .capture_reader import SavedTurn

_QUIET = 0.3
"""Seconds without another loaded flow after which what was gathered is played."""

_MOST = 10_000
"""Events that are gathered at the most; beyond, they are played as far as they have come."""

_WITHOUT_BODIES = (
    f"This capture has turns whose bodies had been dropped before it was saved: {WHY_DROPPED}. They are shown as they "
    "were explained then, and are in no sum."
)


class CaptureReplay:
    """Explains flows that were loaded from a file, `quiet` seconds after the last, or when more than `most` wait."""

    def __init__(self, state: State, *, quiet: float = _QUIET, most: int = _MOST) -> None:
        self._state, self._quiet, self._most = state, quiet, most
        self._events: list[tuple[float, Callable[[], None]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._live: set[str] = set()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        killed = flow.error and flow.request.timestamp_end is None  # by another addon, before it came as a whole
        if flow.live or killed:
            self._live.add(flow.id)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None and self._is_loaded(flow):
            self._gather_request(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        if self._is_loaded(flow) and flow.response is None and not _never_left(flow):
            self._gather_request(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        if not self._is_loaded(flow):
            return
        host, endpoint = self._target_of(flow)
        if host and endpoint == "responses":
            from .capture_reader import read_saved_socket

            turns = list(read_saved_socket(flow, host, turn_summaries(flow)))
            self._gather(flow, turns)
            closed_at = max((turn.ended_at for turn in turns), default=0.0)
            self._events.append((closed_at, partial(self._state.diagnosis_service.socket_closed, flow.id)))

    def done(self) -> None:
        self.play()

    def play(self) -> None:
        """Hand in what was gathered, in the order of time."""
        events, self._events = sorted(self._events, key=itemgetter(0)), []
        for _, event in events:
            with self._state.errors.noted("explaining a capture"):  # the turns that follow are diagnosed nevertheless
                event()

    def _is_loaded(self, flow: http.HTTPFlow) -> bool:
        """Return True for a flow that came from a file. A flow that was killed is no longer live, but it was.

        One whose bodies had been dropped before it was saved stays as it is: there is nothing to explain it by.
        """
        was_live = flow.id in self._live
        self._live.discard(flow.id)
        if flow.live or was_live:
            return False
        if is_dropped(flow):
            self._state.warn_once(_WITHOUT_BODIES)
        return not is_dropped(flow)

    def _target_of(self, flow: http.HTTPFlow) -> tuple[str | None, Endpoint | None]:
        """Return the host and the endpoint of a flow; one that has summaries had turns, wherever it was moved to."""
        host = self._state.host_of(flow) or (flow.request.pretty_host.lower() if turn_summaries(flow) else None)
        return host, self._state.endpoint_of(flow, host) if host else None

    def _gather_request(self, flow: http.HTTPFlow) -> None:
        host, endpoint = self._target_of(flow)
        if not endpoint or not host:
            return
        from .capture_reader import read_saved_refusal, read_saved_request

        status = flow.response.status_code if flow.response else 0  # which a HAR has where no response came
        if endpoint == "responses" and asks_for_websocket(flow.request) and status not in (0, 101):
            self._gather(flow, [read_saved_refusal(flow, host, turn_summaries(flow))])
        if flow.request.method == "POST":
            self._gather(flow, [read_saved_request(flow, host, endpoint, turn_summaries(flow))])

    def _gather(self, flow: http.HTTPFlow, turns: "list[SavedTurn]") -> None:
        """Schedule a flow's turns for playback, and remove their old summaries; play when no flow has come for a while.

        At the end of mitmdump, `done` plays before that.
        """
        relabel(flow, [])
        for turn in turns:
            if reason := turn.exchange.turn.unread:
                pass_unchanged(flow, reason)
            self._events.append((turn.sent_at, partial(self._state.record_sent, flow, turn.exchange, turn.sent_at)))
            end = partial(self._state.diagnosis_service.turn_ended, turn.exchange, at=turn.ended_at)
            self._events.append((turn.ended_at, end))
        if len(self._events) > self._most:
            self.play()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self.play)


def _never_left(flow: http.HTTPFlow) -> bool:
    """Return True if another addon had killed a flow before it left: then it was no turn, and has no summary."""
    return flow.error is not None and flow.error.msg == Error.KILLED_MESSAGE and not turn_summaries(flow)
