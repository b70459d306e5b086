"""What a turn's prompt says, looked up in the flows that are still there, when somebody asks for it.

Until somebody does, what that takes is not imported.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mitmproxy import ctx, http

from ..body.json_splice import Object, Unreadable, as_list, parse
from ..hooks.kept_bodies import WHY_DROPPED, is_dropped
from ..hooks.notify import turn_summaries
from ..hooks.state import State
from ..turn.items import given_items
from ..verdicts import PROMPT
from ..wire.content_encoding import Undecodable, decode
from ..wire.headers import coding_of, values_by_name

if TYPE_CHECKING:
    from ..output.first_difference import Difference


class Missing(ValueError):
    """A prompt that is not at hand; the text says why."""


class Lookup:
    """Finds prompts. What the latest WebSocket's frames stand for is kept, because views ask for one after another."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._socket: tuple[object, dict[float, Object]] = ((), {})

    def flow(self, flow_id: object) -> http.HTTPFlow | None:
        """Return the flow with this id, if it is still there."""
        view = ctx.master.addons.get("view")
        found = view.get_by_id(flow_id) if view is not None else self._state.flows.get(str(flow_id))
        return found if isinstance(found, http.HTTPFlow) else None

    def break_of(self, flow: http.HTTPFlow, turn_summary: Object) -> "Difference | str | None":
        """Return where a turn's prompt parts from its predecessor's, if it does, or why that cannot be shown."""
        from ..output.first_difference import first_difference_in_prompt

        changes = map(str, as_list(turn_summary.get("changes")))
        if turn_summary.get("predecessor") is None or not any(name in PROMPT for name in changes):
            return None
        try:
            predecessor = self.prompt(*self.predecessor(turn_summary))
            return first_difference_in_prompt(predecessor, self.prompt(flow, turn_summary))
        except Missing as reason:
            return str(reason)

    def with_words(self, turn_summary: Object) -> Object:
        """Return the summary of a turn with what its repaired parts said, while that is known."""
        turn, at = turn_summary.get("turn"), turn_summary.get("sent_at")
        if "repair" not in turn_summary or not isinstance(turn, int) or not isinstance(at, float):
            return turn_summary
        from ..output.repair_lines import with_words

        return with_words(turn_summary, self._state.repairs.words.get((turn, at)) or ())

    def prompt(self, flow: http.HTTPFlow, turn_summary: Object) -> Object:
        """Return the whole prompt that a turn stands for, as it was forwarded. Raises Missing."""
        if is_dropped(flow):
            raise Missing(f"the bodies of turn {turn_summary.get('turn')} were dropped, as {WHY_DROPPED}.")
        if flow.websocket is None:
            return self._body(flow, turn_summary)
        try:
            return self._prompts(flow)[float(str(turn_summary.get("sent_at")))]
        except (KeyError, ValueError):
            raise Missing("the WebSocket no longer holds the turn's messages.") from None

    def predecessor(self, turn_summary: Object) -> tuple[http.HTTPFlow, Object]:
        """Return the flow of a turn's predecessor, and the summary of that turn. Raises Missing."""
        if (number := turn_summary.get("predecessor")) is None:
            raise Missing(f"turn {turn_summary.get('turn')} has no predecessor.")
        flow = self.flow(turn_summary.get("predecessor_flow"))
        known = [] if flow is None else [turn for turn in turn_summaries(flow) if turn.get("turn") == number]
        if flow is None or not known:
            raise Missing(f"the flow of the predecessor, turn {number}, is gone.")
        return flow, known[-1]

    def _body(self, flow: http.HTTPFlow, turn_summary: Object) -> Object:
        request = flow.request
        if turn_summary in turn_summaries(flow)[:-1]:
            raise Missing(f"turn {turn_summary.get('turn')} was tried again, and its flow holds the later body.")
        coding = coding_of(values_by_name(request.headers.fields))
        try:
            return parse(decode(request.raw_content or b"", coding, self._state.settings.body_limit))
        except (Undecodable, Unreadable) as reason:
            raise Missing(f"a body cannot be read: {reason}.") from None

    def _prompts(self, flow: http.HTTPFlow) -> dict[float, Object]:
        """Return what the frames of a WebSocket stand for, by the times at which they were sent."""
        assert flow.websocket is not None
        messages = flow.websocket.messages
        state = (flow.id, len(messages), messages[-1].timestamp if messages else 0.0)
        if self._socket[0] != state:
            self._socket = state, dict(_whole_prompts(flow))
        return self._socket[1]


def _whole_prompts(flow: http.HTTPFlow) -> Iterator[tuple[float, Object]]:
    """Yield each turn's time and prompt; a delta stands for the turn that it names, its output, and its own input."""
    from ..hooks.capture_reader import read_saved_socket

    answered: dict[str, Object] = {}
    for turn in read_saved_socket(flow, flow.request.pretty_host, []):
        document, response_info = turn.exchange.turn.document, turn.exchange.response_info
        base = answered.get(turn.exchange.turn.previous_response_id or "", {})
        whole: Object = {**base, **document, "input": [*given_items(base), *given_items(document)]}
        if response_info.response_id:
            answered[response_info.response_id] = {**whole, "input": [*given_items(whole), *response_info.outputs]}
        yield turn.sent_at, whole
