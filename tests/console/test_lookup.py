"""Prompts that are looked up in flows."""

from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.console.lookup import Lookup, Missing
from codexcache.hooks.notify import TURN_SUMMARIES
from codexcache.hooks.state import State
from codexcache.output.first_difference import Difference
from mitmproxy import http
from mitmproxy.addons.view import View
from mitmproxy.test import taddons
from support.saved import START, answering, asking, going_on, saved_request, saved_socket
from support.talks import asked
from support.turn_summaries import turn_summary


def linked(was: tuple[str, ...], now: tuple[str, ...], **members: Any) -> tuple[http.HTTPFlow, http.HTTPFlow]:
    """Return two flows with these messages, the first of which is the second's predecessor."""
    one = saved_request(*was, turn_summaries=[turn_summary(turn=6)])
    later = turn_summary(predecessor=6, predecessor_flow=one.id, **members)
    return one, saved_request(*now, turn_summaries=[later])


def break_of(flow: http.HTTPFlow, *others: http.HTTPFlow) -> Difference | str | None:
    view = View()
    with taddons.context(view):
        view.add([flow, *others])
        return Lookup(State()).break_of(flow, flow.metadata[TURN_SUMMARIES][-1])


def test_the_break_is_found_in_both_bodies() -> None:
    one, other = linked(("one", "two"), ("one", "2"), changes=["input_changed"])
    found = break_of(other, one)

    assert isinstance(found, Difference)
    assert found.path == "input[2].content[0].text"


@pytest.mark.parametrize("changes", [[], ["session_changed"], ["idle"], None, "x"])
def test_where_nothing_of_the_prompt_changed_there_is_nothing_to_look_up(changes: Any) -> None:
    one, other = linked(("one",), ("2",), changes=changes)

    assert break_of(other, one) is None
    assert break_of(saved_request(turn_summaries=[turn_summary(predecessor=None)])) is None


def test_a_predecessor_that_is_gone_is_reported() -> None:
    """Also where its flow holds another turn now."""
    one, other = linked(("one",), ("2",))
    one.metadata[TURN_SUMMARIES] = [turn_summary(turn=99)]

    assert break_of(other) == break_of(other, one) == "the flow of the predecessor, turn 6, is gone."


def test_a_compressed_body_is_read() -> None:
    assert Lookup(State()).prompt(saved_request("one", coding="gzip"), turn_summary())["input"] == asked("one")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", None])
def test_a_body_that_cannot_be_read_is_reported(body: bytes | None) -> None:
    flow = saved_request()
    flow.request.raw_content = body

    with pytest.raises(Missing, match="a body cannot be read: "):
        Lookup(State()).prompt(flow, turn_summary())


SAID: Object = {"type": "message", "role": "assistant", "content": "yes"}


def test_a_delta_is_the_turn_that_it_names_its_output_and_its_own_input() -> None:
    """However many of them follow one another; members that it leaves out are as before."""
    flow = saved_socket(
        asking("one", at=1, instructions="Be brief."),
        answering(at=2, response={"id": "r1", "output": [SAID]}),
        going_on("two", "r1", at=3),
        answering(at=4, response={"id": "r2", "output": [SAID]}),
        asking("three", at=5, previous_response_id="r2", instructions="Be long."),
    )
    first, second, third = (Lookup(State()).prompt(flow, sent(at)) for at in (1, 3, 5))

    assert first["input"] == asked("one")
    assert third["input"] == [*asked("one"), SAID, *asked("two"), SAID, *asked("three")]
    assert [prompt["instructions"] for prompt in (second, third)] == ["Be brief.", "Be long."]


def sent(at: float) -> Object:
    """Return the summary of a turn that was sent at this time."""
    return turn_summary(sent_at=START + at)


def test_a_socket_that_grew_is_read_again() -> None:
    flow, lookup = saved_socket(asking("one", at=1)), Lookup(State())
    lookup.prompt(flow, sent(1))
    assert flow.websocket is not None
    flow.websocket.messages.append(asking("two", at=7))

    assert lookup.prompt(flow, sent(7))["input"] == asked("two")


@pytest.mark.parametrize("sent_at", [99.0, None, "soon"])
def test_a_message_that_is_gone_is_reported(sent_at: Json) -> None:
    with pytest.raises(Missing, match="no longer holds the turn's messages"):
        Lookup(State()).prompt(saved_socket(asking("one", at=1)), turn_summary(sent_at=sent_at))
