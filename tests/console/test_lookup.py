"""Prompts that are looked up in flows."""

import gzip
from typing import Any

import orjson
import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.console.lookup import Lookup, Missing
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.hooks.state import State
from codexcache.output.first_difference import Difference
from mitmproxy import http, websocket
from mitmproxy.addons.view import View
from mitmproxy.test import taddons, tflow
from support.turn_summaries import turn_summary
from wsproto.frame_protocol import Opcode


def request_with(document: Any, *turn_summaries: Object) -> http.HTTPFlow:
    flow = tflow.tflow()
    flow.request.raw_content = orjson.dumps(document)
    flow.metadata[TURN_SUMMARIES] = list(turn_summaries)
    return flow


def prompt(*texts: str) -> Object:
    return {"input": [{"role": "user", "content": text} for text in texts]}


def linked(was: Any, now: Any, **members: Any) -> tuple[http.HTTPFlow, http.HTTPFlow]:
    """Return two flows, the first of which is the second's predecessor."""
    one = request_with(was, turn_summary(turn=6))
    return one, request_with(now, turn_summary(predecessor=6, predecessor_flow=one.id, **members))


def break_of(flow: http.HTTPFlow, *others: http.HTTPFlow) -> Difference | str | None:
    view = View()
    with taddons.context(view):
        view.add([flow, *others])
        return Lookup(State()).break_of(flow, flow.metadata[TURN_SUMMARIES][-1])


def test_the_break_is_found_in_both_bodies() -> None:
    one, other = linked(prompt("one", "two"), prompt("one", "2"), changes=["input_changed"])
    found = break_of(other, one)

    assert isinstance(found, Difference)
    assert found.path == "input[1].content[0].text"


@pytest.mark.parametrize("changes", [[], ["session_changed"], ["idle"], None, "x"])
def test_where_nothing_of_the_prompt_changed_there_is_nothing_to_look_up(changes: Any) -> None:
    one, other = linked(prompt("one"), prompt("2"), changes=changes)

    assert break_of(other, one) is None
    assert break_of(request_with(prompt("one"), turn_summary(predecessor=None))) is None


def test_a_predecessor_that_is_gone_is_reported() -> None:
    """Also where its flow holds another turn now."""
    one, other = linked(prompt("one"), prompt("2"))
    one.metadata[TURN_SUMMARIES] = [turn_summary(turn=99)]

    assert break_of(other) == break_of(other, one) == "the flow of the predecessor, turn 6, is gone."


def test_a_compressed_body_is_read() -> None:
    flow = request_with({}, turn_summary())
    flow.request.headers["content-encoding"] = "gzip"
    flow.request.raw_content = gzip.compress(orjson.dumps(prompt("one")))

    assert Lookup(State()).prompt(flow, turn_summary()) == prompt("one")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", None])
def test_a_body_that_cannot_be_read_is_reported(body: bytes | None) -> None:
    flow = request_with({}, turn_summary())
    flow.request.raw_content = body

    with pytest.raises(Missing, match="a body cannot be read: "):
        Lookup(State()).prompt(flow, turn_summary())


def message(at: float, document: Object, *, from_client: bool = True) -> websocket.WebSocketMessage:
    return websocket.WebSocketMessage(Opcode.TEXT, from_client, orjson.dumps(document), at)


def socket(*messages: websocket.WebSocketMessage) -> http.HTTPFlow:
    flow = tflow.twebsocketflow()
    assert flow.websocket is not None
    flow.websocket.messages = list(messages)
    return flow


def asking(at: float, text: str, **members: Json) -> websocket.WebSocketMessage:
    """Return a client's frame that is a turn with this message."""
    return message(at, {"type": "response.create", **prompt(text), **members})


SAID: Object = {"type": "message", "role": "assistant", "content": "yes"}


def answer(at: float, response_id: str) -> websocket.WebSocketMessage:
    response: Object = {"id": response_id, "output": [SAID]}
    return message(at, {"type": "response.completed", "response": response}, from_client=False)


def items(*texts: str) -> list[Any]:
    return prompt(*texts)["input"]  # type: ignore[return-value]


def test_a_delta_is_the_turn_that_it_names_its_output_and_its_own_input() -> None:
    """However many of them follow one another; members that it leaves out are as before."""
    flow = socket(
        asking(1, "one", instructions="Be brief."),
        answer(2, "r1"),
        asking(3, "two", previous_response_id="r1"),
        answer(4, "r2"),
        asking(5, "three", previous_response_id="r2", instructions="Be long."),
        answer(6, "r3"),
    )
    lookup = Lookup(State())
    whole = lookup.prompt(flow, turn_summary(sent_at=5.0))

    assert whole["input"] == [*items("one"), SAID, *items("two"), SAID, *items("three")]
    assert whole["instructions"] == "Be long."
    assert lookup.prompt(flow, turn_summary(sent_at=3.0))["instructions"] == "Be brief."
    assert lookup.prompt(flow, turn_summary(sent_at=1.0))["input"] == items("one")


def test_a_socket_that_grew_is_read_again() -> None:
    flow, lookup = socket(asking(1, "one")), Lookup(State())
    lookup.prompt(flow, turn_summary(sent_at=1.0))
    assert flow.websocket is not None
    flow.websocket.messages.append(asking(7, "two"))

    assert lookup.prompt(flow, turn_summary(sent_at=7.0))["input"] == items("two")


@pytest.mark.parametrize("sent_at", [99.0, None, "soon"])
def test_a_message_that_is_gone_is_reported(sent_at: Any) -> None:
    with pytest.raises(Missing, match="no longer holds the turn's messages"):
        Lookup(State()).prompt(socket(asking(1, "one")), turn_summary(sent_at=sent_at))
