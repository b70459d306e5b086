"""Turns that are held before they leave, because the user wants to look at the verdict that is predicted for them.

They are held as mitmproxy's own intercept holds a flow: look, edit, resume, kill. The turn's record describes what
leaves in the end, and its time starts then.

mitmproxy (12.2) does not wake up what waits for a flow that was killed while it was held: the client would hang. And
it cannot kill a WebSocket's message. Both are made up for here.
"""

import asyncio
import contextlib
import time
from collections.abc import Set as AbstractSet

from mitmproxy import ctx, exceptions, hooks, http, websocket

from ..hooks.notify import Notifier
from ..hooks.state import Reread, State
from ..turn.exchange import Exchange
from ..turn.response import CANCELLED, KILLED
from . import alerts

HELD = "codex_held"
"""Key in `flow.metadata`: the summary of the turn that is held, with its predicted verdict and what releases it."""

_POLL_INTERVAL = 0.2
"""Seconds between two looks at whether a held flow was killed."""


class Hold:
    """Holds turns until the user lets them go (option `codex_intercept`)."""

    def __init__(self, state: State, notifier: Notifier) -> None:
        self._state, self._notifier = state, notifier
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many turns are held."""
        return len(self._tasks)

    def configure(self, updated: AbstractSet[str]) -> None:
        if "codex_intercept" in updated and self._state.settings.intercept and ctx.master.addons.get("view") is None:
            raise exceptions.OptionsError(
                "codex_intercept needs mitmproxy or mitmweb: in mitmdump nobody could release a held turn."
            )

    def done(self) -> None:
        for task in self._tasks:
            task.cancel()

    def consider(self, flow: http.HTTPFlow, exchange: Exchange, reread: Reread) -> None:
        """Hold a turn if the user has named its predicted verdict; a replayed turn passes."""
        wanted = self._state.settings.intercept
        if not wanted or flow.is_replay:
            return
        self._state.deferred.catch_up()
        predicted = self._state.diagnosis_service.predict(exchange)
        if predicted is None or predicted.verdict.name not in wanted:
            return
        held = Held(flow, exchange, reread, f"held, heading for {predicted.verdict}")
        flow.metadata[HELD] = self._notifier.summarize(predicted) | {"releasing": alerts.releasing()}
        alerts.turn_held()
        task = asyncio.create_task(self._release(held))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _release(self, held: "Held") -> None:
        """Wait until a turn is released, and record what leaves, and when."""
        with self._state.errors.noted("letting a held turn go"):
            await held.released()
            if not held.is_killed():
                held.record_departure(self._state, time.time())


class Held:
    """A turn that is held."""

    def __init__(self, flow: http.HTTPFlow, exchange: Exchange, reread: Reread, comment: str) -> None:
        self._flow, self._exchange, self._reread = flow, exchange, reread
        self._previous_comment, self._comment = flow.comment, comment
        self._message = flow.websocket.messages[-1] if flow.websocket else None
        self._bytes, _ = reread()
        flow.comment = comment
        flow.intercept()

    def is_killed(self) -> bool:
        return not self._flow.live

    async def released(self) -> None:
        """Wait until the flow is resumed or killed, and remove the comment."""
        while self._flow.intercepted:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._flow.wait_for_resume(), _POLL_INTERVAL)
        self._flow.metadata.pop(HELD, None)
        if self._flow.comment == self._comment:
            self._flow.comment = self._previous_comment
        if self.is_killed():
            self._exchange.response_info.cut_short = KILLED
            self._exchange.response_info.end(CANCELLED)
            _wake(self._flow, self._message)
        ctx.master.addons.trigger(hooks.UpdateHook([self._flow]))

    def record_departure(self, state: State, now: float) -> None:
        """Update the turn's record with what left, and the flow with the time at which it did."""
        if self._message:
            self._message.timestamp = now
        else:
            self._flow.request.timestamp_end = now
        with contextlib.suppress(ValueError):  # what is no longer a turn keeps its record
            left, turn = self._reread()
            self._exchange.edited_turn = turn if left != self._bytes else None
            state.diagnosis_service.turn_released(self._exchange, turn, at=now)


def _wake(flow: http.HTTPFlow, message: websocket.WebSocketMessage | None) -> None:
    """Wake up what waits for a flow that was killed; a WebSocket's message is dropped, and its connection closed."""
    if message:
        message.drop()
    flow.intercepted = True
    flow.resume()
    if message and (handler := ctx.master.addons.get("proxyserver").connections.get(flow.client_conn.id)):
        handler.transports[flow.client_conn].handler.cancel("killed")
