"""Turns are read back from saved flows as they were heard when they happened."""

import math

import pytest
from codexcache.body.json_splice import Json, Object, Unreadable
from codexcache.hooks.capture_reader import SavedTurn, read_saved_request, read_saved_socket
from codexcache.turn.exchange import Exchange
from codexcache.wire.content_encoding import Undecodable
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from support.saved import START, answering, asking, counters, ending, going_on, saved_request, saved_socket
from support.talks import ANSWER, asked
from support.turn_summaries import turn_summary, without
from support.wire import body, completed, event
from wsproto.frame_protocol import Opcode

CODINGS = ["", "gzip", "deflate", "br", "zstd"]


def saved_summary(flow: http.HTTPFlow, *turn_summaries: Object) -> SavedTurn:
    return read_saved_request(flow, "chatgpt.com", "responses", turn_summaries)


def of_socket(*messages: WebSocketMessage, turn_summaries: tuple[Object, ...] = (), **given: float) -> list[SavedTurn]:
    return list(read_saved_socket(saved_socket(*messages, **given), "chatgpt.com", turn_summaries))  # type: ignore[arg-type]


def times(turns: list[SavedTurn]) -> list[tuple[float, float]]:
    """Return when turns were sent and ended, in seconds since the first of them could be."""
    return [(turn.sent_at - START, turn.ended_at - START) for turn in turns]


def said(exchange: Exchange) -> tuple[int | None, str | None, Object]:
    return exchange.response_info.status, exchange.response_info.response_id, exchange.response_info.usage


@pytest.mark.parametrize("coding", CODINGS)
def test_a_request_comes_back_with_what_its_response_said(coding: str) -> None:
    turn = saved_summary(saved_request("hello", at=5, given=9_000, cached=8_000, coding=coding))

    assert turn.exchange.turn.document["input"] == asked("hello")
    assert said(turn.exchange) == (200, "resp_5", counters(9_000, 8_000))
    assert turn.exchange.response_info.finished
    assert times([turn]) == [(5, 7)]
    assert turn.exchange.first_byte_at == START + 6


def test_a_whole_json_document_is_read_as_well() -> None:
    flow = saved_request(answer=b'{"id":"r","usage":{"input_tokens":7}}')
    assert flow.response is not None
    flow.response.headers["content-type"] = "application/json"

    assert said(saved_summary(flow).exchange) == (200, "r", {"input_tokens": 7})


def test_a_request_without_a_response_ended_as_it_was_sent() -> None:
    flow = saved_request(at=5)
    flow.response = None
    turn = saved_summary(flow)

    assert said(turn.exchange) == (None, None, {})
    assert times([turn]) == [(5, 5)]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_response_that_was_cut_says_what_had_come(coding: str) -> None:
    flow = saved_request(answer=event("response.created", response={"id": "r"}) + completed("r"), coding=coding)
    assert flow.response is not None
    assert flow.response.raw_content is not None
    flow.response.raw_content = flow.response.raw_content[: len(flow.response.raw_content) // 2]
    turn = saved_summary(flow)

    assert turn.exchange.response_info.status == 200
    assert turn.exchange.response_info.usage == {}
    assert not turn.exchange.response_info.finished


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "unheard-of"])
def test_a_response_that_is_damaged_says_nothing(coding: str) -> None:
    flow = saved_request()
    assert flow.response is not None
    flow.response.headers["content-encoding"] = coding

    assert said(saved_summary(flow).exchange) == (200, None, {})


def test_a_response_that_was_too_large_to_be_kept_says_nothing() -> None:
    flow = saved_request()
    assert flow.response is not None
    flow.response.raw_content = None

    assert said(saved_summary(flow).exchange) == (200, None, {})


def test_a_refusal_is_recalled() -> None:
    flow = saved_request(answer=b'{"detail":"Unsupported parameter: metadata"}')
    assert flow.response is not None
    flow.response.status_code, flow.response.headers["content-type"] = 400, "application/json"
    response_info = saved_summary(flow).exchange.response_info

    assert (response_info.status, response_info.error) == (400, {"detail": "Unsupported parameter: metadata"})


@pytest.mark.parametrize("content", [b"", b"[]", b'{"input":', b"\xff"])
def test_a_body_that_is_no_object_is_unreadable(content: bytes) -> None:
    with pytest.raises(Unreadable):
        saved_summary(saved_request(content=content))


@pytest.mark.parametrize("coding", ["gzip", "unheard-of"])
def test_a_body_in_another_coding_than_it_says_is_undecodable(coding: str) -> None:
    flow = saved_request()
    flow.request.headers["content-encoding"] = coding
    with pytest.raises(Undecodable):
        saved_summary(flow)


def test_a_body_that_was_not_kept_is_unreadable() -> None:
    flow = saved_request()
    flow.request.raw_content = None
    with pytest.raises(Unreadable):
        saved_summary(flow)


def test_times_that_are_not_known_are_made_up_for() -> None:
    """The first byte stands for the last one."""
    flow = saved_request(at=5)
    assert flow.response is not None
    flow.request.timestamp_end = flow.response.timestamp_end = None

    assert times([saved_summary(flow)]) == [(4.5, 6)]


def test_a_clock_that_was_set_back_ends_no_turn_before_it_began() -> None:
    """It would be told of before anybody has heard of it, that is, not at all."""
    flow = saved_request(at=5)
    assert flow.response is not None
    flow.response.timestamp_start, flow.response.timestamp_end = START - 60, START - 55

    assert times([saved_summary(flow)]) == [(5, 5)]
    assert times(of_socket(asking("one", at=5), ending("r", at=-55))) == [(5, 5)]
    assert times(of_socket(asking("one", at=5), ended_at=-55)) == [(5, 5)]


TWO_TURNS = (
    asking("one", at=0),
    answering("response.created", at=1, response={"id": "r1"}),
    answering("response.output_item.done", at=1.5, item=ANSWER),
    ending("r1", at=2),
    going_on("two", "r1", at=10),
    ending("r2", at=12, given=9_500, cached=9_000),
)


def test_each_turn_of_a_socket_comes_back() -> None:
    """A delta as it is; whoever recalls it knows what it names."""
    first, second = of_socket(*TWO_TURNS)

    assert times([first, second]) == [(0, 2), (10, 12)]
    assert said(first.exchange) == (200, "r1", counters())
    assert said(second.exchange) == (200, "r2", counters(9_500, 9_000))
    assert first.exchange.response_info.outputs == [ANSWER]
    assert first.exchange.first_byte_at == START + 1
    assert (first.exchange.turn.previous_response_id, second.exchange.turn.previous_response_id) == (None, "r1")
    assert second.exchange.turn.document["input"] == asked("two")
    assert second.exchange.forwarded == first.exchange.forwarded


def test_of_turns_under_way_at_the_same_time_the_first_ends_first() -> None:
    messages = asking("one", at=0), asking("two", at=1), ending("r1", at=3), ending("r2", at=4)

    assert times(of_socket(*messages)) == [(0, 3), (1, 4)]


def test_turns_that_were_not_over_end_with_their_socket() -> None:
    messages = asking("one", at=0), ending("r1", at=2), asking("two", at=3), asking("three", at=4)
    turns = of_socket(*messages, ended_at=60)

    assert times(turns) == [(0, 2), (3, 60), (4, 60)]
    assert [said(turn.exchange) for turn in turns[1:]] == [(200, None, {})] * 2
    assert times(of_socket(*messages)) == [(0, 2), (3, 4), (4, 4)]


def test_turns_and_answers_in_binary_are_read_as_well() -> None:
    messages = asking("one", at=0), ending("r1", at=2), asking("two", at=3), ending("r2", at=4)
    for message in messages:
        message.type = Opcode.BINARY

    assert times(of_socket(*messages)) == [(0, 2), (3, 4)]


def test_a_lost_end_shifts_no_other_turn() -> None:
    """As when it happened: the end of the first is not there, or was dropped."""
    beginning = answering("response.created", at=1, response={"id": "r1"})
    lost = ending("r1", at=2)
    lost.dropped = True
    messages = asking("one", at=0), beginning, lost, asking("two", at=3), ending("r2", at=4, given=9_500)

    for known in (messages, (*messages[:2], *messages[3:])):
        one, two = of_socket(*known)
        assert said(one.exchange)[2] == {}
        assert said(two.exchange) == (200, "r2", counters(9_500))


def test_a_socket_that_was_closed_tells_how() -> None:
    flow = saved_socket(asking("one", at=0), ended_at=5)
    assert flow.websocket is not None
    flow.websocket.closed_by_client, flow.websocket.close_code = False, 1008
    (turn,) = read_saved_socket(flow, "chatgpt.com", ())

    assert turn.exchange.response_info.cut_short == "its WebSocket was closed by the server with 1008"


def test_what_is_no_turn_and_what_answers_none_is_passed_over() -> None:
    """Also a frame that was dropped: the backend never answered it."""
    create = asking("one", at=3).content
    messages = (
        ending("r0", at=0),
        WebSocketMessage(Opcode.TEXT, True, b'{"type":"response.cancel"}', START + 1),
        WebSocketMessage(Opcode.TEXT, True, b'{"type":"other","of":"response.create"}', START + 1),
        WebSocketMessage(Opcode.TEXT, True, create[:-1], START + 1),
        asking("dropped", at=1, dropped=True),
        asking("one", at=3),
        ending("r1", at=5),
        ending("r2", at=6),
    )

    assert [(turn.sent_at - START, turn.exchange.response_info.response_id) for turn in of_socket(*messages)] == [
        (3, "r1")
    ]
    assert of_socket() == []


def known(at: float, **members: Json) -> Object:
    """Return the portrait of a turn that was sent at `at`, and ended a quarter of a second later."""
    return turn_summary(sent_at=START + at, ended_at=START + at + 0.25, **members)


def test_what_only_a_portrait_knows_is_taken_from_it() -> None:
    turn = saved_summary(
        saved_request(at=5), known(1), known(5, mode="pin", key_source="conversation", changed=["a", "b"])
    )

    assert (turn.exchange.mode, turn.exchange.changed) == ("pin", ("a", "b"))
    assert (turn.exchange.cache_key.source, turn.exchange.cache_key.inherited) == ("conversation", True)
    assert turn.exchange.saved_summary == known(5, mode="pin", key_source="conversation", changed=["a", "b"])
    assert times([turn]) == [(5, 5.25)]


def test_without_a_portrait_a_turn_is_taken_as_it_is() -> None:
    exchange = saved_summary(saved_request(content=body(prompt_cache_key="k"))).exchange

    assert (exchange.mode, exchange.changed, exchange.saved_summary) == ("observe", (), None)
    assert (exchange.cache_key.key, exchange.cache_key.source) == ("k", "prompt_cache_key")
    assert saved_summary(saved_request()).exchange.cache_key.source == "session"


def sources(turns: list[SavedTurn]) -> list[str]:
    return [turn.exchange.cache_key.source for turn in turns]


def test_each_turn_of_a_socket_has_its_own_portrait() -> None:
    turns = of_socket(
        *TWO_TURNS, turn_summaries=(known(0, key_source="idempotency_key"), known(10, key_source="account"))
    )

    assert sources(turns) == ["idempotency_key", "account"]
    assert times(turns) == [(0, 0.25), (10, 10.25)]


def test_of_a_trimmed_socket_the_last_portraits_are_those_of_its_messages() -> None:
    """The first turns are known by their portraits alone."""
    turn_summaries = known(-20, key_source="none"), known(0, key_source="account"), known(10, key_source="principal")

    assert sources(of_socket(*TWO_TURNS, turn_summaries=turn_summaries)) == ["account", "principal"]
    assert sources(of_socket(*TWO_TURNS[3:], turn_summaries=turn_summaries)) == ["principal"]


def test_a_frame_that_was_killed_while_it_was_held_is_the_turn_that_was_told_of() -> None:
    messages = *TWO_TURNS, asking("three", at=20, dropped=True)
    turns = of_socket(*messages, turn_summaries=(known(20, key_source="account"),))

    assert sources(turns) == ["session", "session", "account"]
    assert times(turns)[2] == (20, 20.25)


def test_where_the_first_portraits_are_missing_the_first_turns_have_none() -> None:
    turns = of_socket(*TWO_TURNS, turn_summaries=(known(10, key_source="principal"),))

    assert sources(turns) == ["session", "principal"]


def test_a_turn_that_was_under_way_when_the_flow_was_saved_takes_no_other_ones_portrait() -> None:
    messages = *TWO_TURNS, asking("three", at=20)
    turns = of_socket(*messages, turn_summaries=(known(0, key_source="account"), known(10, key_source="principal")))

    assert sources(turns) == ["account", "principal", "session"]
    assert times(turns) == [(0, 0.25), (10, 10.25), (20, 20)]


@pytest.mark.parametrize("value", [None, 7, "", "nonsense", ["fill"], {"fill": "fill"}, b"fill", math.nan])
def test_a_portrait_that_says_nonsense_is_not_believed(value: Json) -> None:
    members = dict.fromkeys(("mode", "key_source", "continued", "changed", "ended_at"), value)
    turn = saved_summary(saved_request(at=5), turn_summary(**members))
    exchange = turn.exchange

    assert (exchange.mode, exchange.cache_key.source, exchange.cache_key.inherited) == ("observe", "session", False)
    assert [name for name in exchange.changed if name != "fill"] == []
    assert times([turn]) == [(5, 7)]


@pytest.mark.parametrize("ended_at", [START, -math.inf, math.inf, 1e300, START + 1e9, math.nan])
def test_an_end_that_cannot_be_is_not_believed(ended_at: float) -> None:
    assert times([saved_summary(saved_request(at=5), turn_summary(ended_at=ended_at))]) == [(5, 7)]


def test_names_that_could_steer_a_terminal_or_fill_a_journal_with_text_are_left_out() -> None:
    changed: Json = ["session-id", "\x1b[2J", "a\nb", "é", "\ud800", 7, None]

    assert saved_summary(saved_request(), turn_summary(changed=changed)).exchange.changed == ("session-id",)


@pytest.mark.parametrize("name", ["mode", "key_source", "continued", "changed", "ended_at", "sent_at"])
def test_a_portrait_that_lacks_a_member_does_no_harm(name: str) -> None:
    saved_summary(saved_request(), without(name))

    assert len(of_socket(*TWO_TURNS, turn_summaries=(without(name), {}))) == 2


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1e300, 1e300, -1.0])
def test_a_time_that_no_calendar_knows_is_none(at: float) -> None:
    """A file can hold any number."""
    flow = saved_request()
    assert flow.response is not None
    flow.request.timestamp_end = flow.response.timestamp_start = flow.response.timestamp_end = at
    saved_summary = read_saved_request(flow, "chatgpt.com", "responses", [])

    assert (saved_summary.sent_at, saved_summary.ended_at, saved_summary.exchange.first_byte_at) == (0, 0, 0)
