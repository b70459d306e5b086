"""Edits of a response that has gone: the client does not get them, whatever the flow shows then.

A response is passed on as it comes. So the head that other addons left at its beginning and the body that passed are
what the client got, and when all addons have been asked at its end, the flow has to show the same. Trailers are sent
after that, so they may be edited.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from mitmproxy import flow as any_flow
from mitmproxy import http

from ..turn.stream import Tap
from ..wire.headers import Fields, without_secrets

_TOO_LATE = (
    "A response that had already been passed on was intercepted, or edited by another addon or an option: the client "
    "got it as it came, whatever the flow shows now. Event streams are passed on as they arrive. To edit one, have an "
    "addon set response.stream in its responseheaders hook: to a function that is given each chunk, or to False, and "
    "the client waits for the whole response."
)


class Listening(NamedTuple):
    """The tap of a response, and its stream callback; None if another addon alters what has passed the tap."""

    tap: Tap
    callback: object


class Shown(NamedTuple):
    """What a flow shows as its response, as far as an addon is likely to edit it."""

    status: int
    reason: str
    fields: Fields
    content: bytes | None

    def is_edited(self, now: "Shown") -> bool:
        """Return True if a response is another by now; that it may lack secrets is this addon's doing."""
        return self != now and self._redacted() != now._redacted()

    def _redacted(self) -> "Shown":
        return self._replace(fields=without_secrets(self.fields))


class LateEdits:
    """Compares what flows show with what was passed on, and tells `warn` of a difference."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._begun: dict[str, Shown] = {}
        self._passed: dict[str, Shown] = {}

    def look(self, flows: Sequence[any_flow.Flow], passing: Collection[str]) -> None:
        """Look at flows when all addons were asked; `passing` are the ids of those whose responses are not over."""
        for flow in flows if passing or self._passed else ():
            if not isinstance(flow, http.HTTPFlow) or not flow.response:
                continue
            if flow.id in passing:
                if flow.id not in self._begun:
                    self._begun[flow.id] = _shown(flow.response)
            elif (passed := self._passed.pop(flow.id, None)) and (
                flow.intercepted or passed.is_edited(_shown(flow.response))
            ):
                self._warn(_TOO_LATE)

    def forget(self, flow_id: str) -> None:
        """Forget a response that was not passed on."""
        self._begun.pop(flow_id, None)

    def store(self, flow_id: str, response: http.Response, listening: Listening) -> None:
        """Give a response the body that was streamed, unless mitmproxy stores it itself or an addon has set one."""
        begun, body = self._begun.pop(flow_id, None) or _shown(response), listening.tap.release()
        if response.raw_content is None:
            response.raw_content = body
        elif body is not None and response.raw_content != body and response.stream in (listening.callback, False):
            self._warn(_TOO_LATE)  # the response of an addon's own making does not stream
        self._passed[flow_id] = Shown(begun.status, begun.reason, begun.fields, response.raw_content)


def _shown(response: http.Response) -> Shown:
    return Shown(response.status_code, response.reason, response.headers.fields, response.raw_content)
