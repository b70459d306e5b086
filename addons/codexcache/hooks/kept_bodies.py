"""Keeps the bodies of turns in a list of flows within a limit (option `codex_view_total`).

mitmproxy's console and mitmweb keep every flow until the user deletes it, so a day of turns of a megabyte each would
fill the memory. Once all kept bodies of turns are over the limit, those of the oldest turns are dropped: the request's
and the response's, or a WebSocket's messages. The flow stays in the list, with its comment and with the summaries that
its page is made of. mitmproxy itself refuses to replay or export a request whose content is missing.

Left alone are a flow that is in progress, intercepted, edited or queued for a replay (mitmproxy then has a backup of
it), one that the user marked or commented, one that answers clients (`server_replay`), and always the latest. A flow is
`live` until all addons have been asked at its end (mitmproxy 12.2), so what is dropped has been saved; `hardump` is
written at the very end, so with it nothing is dropped. Flows that were loaded from a file are not counted: the user
has asked for all of them.
"""

import asyncio
import logging
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from mitmproxy import ctx, hooks, http

from ..text import counted
from .notify import FinishedTurn, has_label_of_user
from .state import State
from .websocket import INCOMPLETE

logger = logging.getLogger(__name__)

DROPPED = "codex_dropped"
"""Key in `flow.metadata`, a bool: the bodies of this flow, or its messages, were dropped."""

WHY_DROPPED = "all kept bodies together had passed codex_view_total"

_IN_COMMENT = " (bodies dropped)"
_MEGABYTE = 1 << 20


@dataclass(slots=True)
class _Kept:
    """A flow, for as long as something else keeps it, and the bytes of its bodies when they were last measured."""

    flow: weakref.ref[http.HTTPFlow]
    size: int = 0


class KeptBodies:
    """Counts the bodies of this session's turns, and drops the oldest."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[str, _Kept] = {}  # the oldest turn first
        self._unmeasured = set[str]()
        self._total = self._dropped = 0
        self._is_scheduled = False

    def status(self) -> str:
        """Return what is kept and what was dropped."""
        kept = f"{self._total / _MEGABYTE:,.1f} MB in {counted(len(self._kept), 'flow')}"
        return f"{kept}; those of {counted(self._dropped, 'flow')} were dropped" if self._dropped else kept

    def turn_marked(self, _turn: FinishedTurn, flow: http.HTTPFlow) -> None:
        """Count a listed flow, a turn of which has finished, as soon as its response is stored."""
        if not flow.live:
            return
        kept = self._kept.pop(flow.id, None) or _Kept(weakref.ref(flow, partial(self._forget, flow.id)))
        self._kept[flow.id] = kept
        self._unmeasured.add(flow.id)
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._is_scheduled = False
        with self._state.errors.noted("dropping the oldest bodies"):
            for flow_id in list(self._unmeasured):
                self._measure(flow_id, self._kept[flow_id])
            for flow in list(self._surplus()):
                self._forget(flow.id)
                self._tell()
                _drop(flow)

    def _measure(self, flow_id: str, kept: _Kept) -> None:
        """Measure a flow; one whose response may be still to come is measured again the next time."""
        if (flow := kept.flow()) is None:
            return
        self._total -= kept.size
        kept.size = _size(flow)
        self._total += kept.size
        if flow.websocket or not flow.live:
            self._unmeasured.discard(flow_id)

    def _surplus(self) -> Iterator[http.HTTPFlow]:
        """Yield the oldest flows that may be dropped, until the rest is within the limit; never the latest."""
        excess = self._total - self._state.settings.view_total
        if excess <= 0 or getattr(ctx.options, "hardump", False):
            return
        spared = {next(reversed(self._kept)), *_answering()}
        for flow_id, kept in self._kept.items():
            if flow_id not in spared and (flow := kept.flow()) and _may_be_dropped(flow):
                yield flow
                excess -= kept.size
            if excess <= 0:
                return

    def _tell(self) -> None:
        """Count a flow whose bodies are dropped; at the first, say so."""
        self._dropped += 1
        if self._dropped == 1:
            logger.info(f"The bodies of the oldest turns are dropped from now on: {WHY_DROPPED}.")
            if ctx.master.addons.get(DroppedAnswers.name) is None:
                ctx.master.addons.add(DroppedAnswers())

    def _forget(self, flow_id: str, _: object = None) -> None:
        """Forget a flow that is dropped, or that the user has deleted."""
        self._unmeasured.discard(flow_id)
        if kept := self._kept.pop(flow_id, None):
            self._total -= kept.size


class DroppedAnswers:
    """Answers in place of a flow whose bodies were dropped, should mitmproxy replay its response (`server_replay`).

    The request of such a flow is like no other, so that is only where `server_replay_ignore_content` is set.
    """

    name = "codex_dropped_answers"

    def request(self, flow: http.HTTPFlow) -> None:
        if flow.is_replay == "response" and flow.response and flow.response.raw_content is None:
            sentence = f"The body of this recorded response was dropped: {WHY_DROPPED}."
            logger.warning(sentence)
            flow.response = http.Response.make(502, sentence, {"content-type": "text/plain"})


def is_dropped(flow: http.HTTPFlow) -> bool:
    """Return True if the bodies of a flow, or its messages, were dropped."""
    return flow.metadata.get(DROPPED) is True


def _drop(flow: http.HTTPFlow) -> None:
    flow.request.raw_content = None
    if flow.response:
        flow.response.raw_content = None
    if flow.websocket:
        flow.websocket.messages.clear()
        flow.metadata[INCOMPLETE] = True
    flow.metadata[DROPPED] = True
    flow.comment = f"{flow.comment}{_IN_COMMENT}".lstrip()
    ctx.master.addons.trigger(hooks.UpdateHook([flow]))


def _size(flow: http.HTTPFlow) -> int:
    bodies = [message.raw_content or b"" for message in (flow.request, flow.response) if message]
    messages = flow.websocket.messages if flow.websocket else ()
    return sum(map(len, bodies)) + sum(len(message.content) for message in messages)


def _may_be_dropped(flow: http.HTTPFlow) -> bool:
    return not (flow.live or flow.intercepted or flow._backup or has_label_of_user(flow))


def _answering() -> Iterator[str]:
    """Yield the ids of the flows with which mitmproxy answers clients."""
    replay = ctx.master.addons.get("serverplayback")
    for flows in replay.flowmap.values() if replay else ():
        yield from (flow.id for flow in flows)
