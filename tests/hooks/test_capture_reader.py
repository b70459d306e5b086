"""Turns are read back from saved flows as they were heard when they happened."""

import math
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.hooks.capture_reader import SavedTurn, read_saved_request, read_saved_socket
from codexcache.hooks.websocket import INCOMPLETE
from codexcache.turn.exchange import Exchange
from mitmproxy import http
from mitmproxy.websocket import WebSocketMessage
from support.saved import START, answering, asking, ending, going_on, saved_request, saved_socket
from support.talks import ANSWER, asked, counters
from support.turn_summaries import turn_summary
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


def answered(**given: Any) -> tuple[http.HTTPFlow, http.Response]:
    """Return a saved turn that was sent at 5, and its response."""
    flow = saved_request(at=5, **given)
    assert flow.response is not None
    return flow, flow.response


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


@pytest.mark.parametrize("coding", CODINGS)
def test_a_response_that_was_cut_says_what_had_come(coding: str) -> None:
    flow, response = answered(answer=event("response.created", response={"id": "r"}) + completed("r"), coding=coding)
    whole = response.raw_content or b""
    response.raw_content = whole[: len(whole) // 2]
    response_info = saved_summary(flow).exchange.response_info

    assert (response_info.status, response_info.usage, response_info.finished) == (200, {}, False)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "unheard-of", None])
def test_a_response_that_is_damaged_or_was_too_large_to_be_kept_says_nothing(coding: str | None) -> None:
    flow, response = answered()
    if coding:
        response.headers["content-encoding"] = coding
    else:
        response.raw_content = None

    assert said(saved_summary(flow).exchange) == (200, None, {})


def test_a_json_document_or_a_refusal_is_read_as_well() -> None:
    flow, response = answered(answer=b'{"id":"r","usage":{"input_tokens":7}}')
    response.headers["content-type"] = "application/json"
    assert said(saved_summary(flow).exchange) == (200, "r", {"input_tokens": 7})
    flow, response = answered(answer=b'{"detail":"Unsupported parameter: metadata"}')
    response.status_code, response.headers["content-type"] = 400, "application/json"
    response_info = saved_summary(flow).exchange.response_info

    assert (response_info.status, response_info.error) == (400, {"detail": "Unsupported parameter: metadata"})


@pytest.mark.parametrize(
    ("sent", "began", "ended", "expected"),
    [
        pytest.param(5, 6, 7, (5, 7), id="all are known"),
        pytest.param(None, 6, None, (4.5, 6), id="the first byte stands for the last one"),
        pytest.param(5, -60, -55, (5, 5), id="a clock that was set back ends no turn before it began"),
    ],
)
def test_times_are_made_up_for_where_they_are_not_known_or_cannot_be(
    sent: float | None, began: float, ended: float | None, expected: tuple[float, float]
) -> None:
    flow, response = answered()
    flow.request.timestamp_end = None if sent is None else START + sent
    response.timestamp_start, response.timestamp_end = START + began, None if ended is None else START + ended

    assert times([saved_summary(flow)]) == [expected]


def test_a_turn_without_a_response_ended_as_it_was_sent() -> None:
    """On a socket, neither did one that ended before it was sent."""
    flow = saved_request(at=5)
    flow.response = None
    turn = saved_summary(flow)

    assert (said(turn.exchange), times([turn])) == ((None, None, {}), [(5, 5)])
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
    """A delta as it is; who reads it knows what it names."""
    first, second = of_socket(*TWO_TURNS)

    assert times([first, second]) == [(0, 2), (10, 12)]
    assert said(first.exchange) == (200, "r1", counters())
    assert said(second.exchange) == (200, "r2", counters(9_500, 9_000))
    assert first.exchange.response_info.outputs == [ANSWER]
    assert first.exchange.first_byte_at == START + 1
    assert (first.exchange.turn.previous_response_id, second.exchange.turn.previous_response_id) == (None, "r1")
    assert second.exchange.turn.document["input"] == asked("two")
    assert second.exchange.forwarded == first.exchange.forwarded


def test_turns_that_were_not_over_end_with_their_socket() -> None:
    """Of turns under way at the same time the first ends first."""
    messages = asking("one", at=0), ending("r1", at=2), asking("two", at=3), asking("three", at=4)
    turns = of_socket(*messages, ended_at=60)

    assert times(turns) == [(0, 2), (3, 60), (4, 60)]
    assert [said(turn.exchange) for turn in turns[1:]] == [(200, None, {})] * 2
    assert times(of_socket(*messages)) == [(0, 2), (3, 4), (4, 4)]
    assert times(of_socket(*messages, ending("r2", at=5), ending("r3", at=6)))[1:] == [(3, 5), (4, 6)]


CANCEL, OTHER = b'{"type":"response.cancel"}', b'{"type":"other","of":"response.create"}'


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
        one, two = sorted(of_socket(*known), key=lambda turn: turn.sent_at)
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
    messages = (
        ending("r0", at=0),
        *(WebSocketMessage(Opcode.TEXT, True, text, START + 1) for text in (CANCEL, OTHER, OTHER[:-1])),
        asking("dropped", at=1, dropped=True),
        asking("one", at=3),
        ending("r1", at=5),
        ending("r2", at=6),
    )

    assert [(turn.sent_at - START, turn.exchange.response_info.response_id) for turn in of_socket(*messages)] == [
        (3, "r1")
    ]
    assert of_socket() == []


@pytest.mark.parametrize("heard", [True, False])
def test_an_end_that_was_dropped_counts_where_it_had_been_read(heard: bool) -> None:
    """Another addon dropped it after or before this one had read it; the summary tells which."""
    dropped = ending("r1", at=0.25)
    dropped.dropped = True
    because = "no earlier turn" if heard else "another addon dropped the end of its response"
    (turn,) = of_socket(asking("one", at=0), dropped, turn_summaries=(known(0, because=because),))

    assert turn.exchange.response_info.usage == (counters() if heard else {})


@pytest.mark.parametrize("name", ["first", "last"])
def test_a_turn_that_cannot_be_read_is_a_turn(name: str) -> None:
    """Wherever its type stands; what its response says is known."""
    broken = b'{"type": "response.create", "x": ' if name == "first" else b'{"x" "y", "type":"response.create"}'
    message = WebSocketMessage(Opcode.TEXT, True, broken, START)
    (on_socket,) = of_socket(message, ending("r1", at=2))
    by_request = saved_summary(saved_request(content=broken))

    assert [turn.exchange.turn.unread.partition(" (")[0] for turn in (on_socket, by_request)] == ["it is not JSON"] * 2
    assert [turn.exchange.response_info.usage for turn in (on_socket, by_request)] == [counters()] * 2


def test_a_response_that_is_not_in_the_capture_has_the_counters_of_the_summary() -> None:
    """Without a summary, its absence is all that is known."""
    flow, response = answered()
    response.raw_content = None
    known_counters = known(5, **{"gen_ai.usage.input_tokens": 9_000, "gen_ai.usage.cache_read.input_tokens": 70})
    without, with_summary = saved_summary(flow).exchange, saved_summary(flow, known_counters).exchange

    assert without.response_info.cut_short == "its response is not in the capture"
    assert with_summary.response_info.usage["input_tokens"] == 9_000
    assert with_summary.response_info.usage["input_tokens_details"] == {"cached_tokens": 70}


def test_a_status_of_0_is_no_response() -> None:
    """So does mitmproxy write one that never came to a HAR."""
    flow, response = answered()
    response.status_code = 0

    assert said(saved_summary(flow).exchange) == (None, None, {})


def test_a_socket_that_the_server_closed_before_any_turn_was_refused() -> None:
    flow = saved_socket(ended_at=5)
    assert flow.websocket is not None
    flow.websocket.closed_by_client, flow.websocket.close_code = False, 1008
    (refusal,) = read_saved_socket(flow, "chatgpt.com", ())
    flow.metadata[INCOMPLETE] = True  # whether there was one is not known

    assert [*read_saved_socket(flow, "chatgpt.com", ())] == []
    assert (refusal.exchange.turn.endpoint, refusal.exchange.response_info.status) == ("handshake", 101)
    assert refusal.exchange.response_info.cut_short == "its WebSocket was closed by the server with 1008"


def known(at: float, **members: Json) -> Object:
    """Return the summary of a turn that was sent at `at`, and ended a quarter of a second later."""
    return turn_summary(sent_at=START + at, ended_at=START + at + 0.25, **members)


def test_without_a_summary_a_turn_is_taken_as_it_is() -> None:
    exchange = saved_summary(saved_request(content=body(prompt_cache_key="k"))).exchange

    assert (exchange.mode, exchange.changed, exchange.saved_summary) == ("observe", (), None)
    assert (exchange.cache_key.key, exchange.cache_key.source) == ("k", "prompt_cache_key")
    assert saved_summary(saved_request()).exchange.cache_key.source == "session"


def sources(turns: list[SavedTurn]) -> list[str]:
    return [turn.exchange.cache_key.source for turn in turns]


BEFORE, FIRST = known(-20, key_source="none"), known(0, key_source="account")
SECOND, THIRD = known(10, key_source="principal"), known(20, key_source="idempotency_key")


@pytest.mark.parametrize(
    ("messages", "turn_summaries", "expected"),
    [
        pytest.param(TWO_TURNS, [FIRST, SECOND], ["account", "principal"], id="each turn has its own"),
        pytest.param(TWO_TURNS, [BEFORE, FIRST, SECOND], ["account", "principal"], id="the last ones"),
        pytest.param(TWO_TURNS[3:], [BEFORE, FIRST, SECOND], ["principal"], id="also where messages were trimmed"),
        pytest.param(TWO_TURNS, [SECOND], ["session", "principal"], id="none, where the first are missing"),
        pytest.param(
            (*TWO_TURNS, asking("three", at=20, dropped=True)),
            [THIRD],
            ["session", "session", "idempotency_key"],
            id="a frame that was killed while it was held",
        ),
        pytest.param(
            (*TWO_TURNS, asking("three", at=20)),
            [FIRST, SECOND],
            ["account", "principal", "session"],
            id="none, where a turn was under way when the flow was saved",
        ),
    ],
)
def test_the_turns_of_a_socket_are_known_by_their_summaries(
    messages: tuple[WebSocketMessage, ...], turn_summaries: list[Object], expected: list[str]
) -> None:
    turns = of_socket(*messages, turn_summaries=tuple(turn_summaries))

    assert sources(turns) == expected
    assert [turn.ended_at - turn.sent_at == 0.25 for turn in turns] == [source != "session" for source in expected]


ODD_TIMES = [START, -math.inf, math.inf, 1e300, START + 1e9, math.nan]


@pytest.mark.parametrize("value", [None, 7, "", "nonsense", ["fill"], {"fill": "fill"}, b"fill", *ODD_TIMES])
def test_a_summary_that_says_nonsense_is_not_believed(value: Json) -> None:
    members = dict.fromkeys(("mode", "key_source", "continued", "changed", "ended_at"), value)
    turn = saved_summary(saved_request(at=5), known(5, mode="pin"), turn_summary(**members))  # the last one counts
    exchange = turn.exchange

    assert (exchange.mode, exchange.cache_key.source, exchange.cache_key.inherited) == ("observe", "session", False)
    assert [name for name in exchange.changed if name != "fill"] == []
    assert times([turn]) == [(5, 7)]


def test_names_that_could_steer_a_terminal_or_fill_a_journal_with_text_are_left_out() -> None:
    changed: Json = ["session-id", "\x1b[2J", "a\nb", "é", "\ud800", 7, None]

    assert saved_summary(saved_request(), turn_summary(changed=changed)).exchange.changed == ("session-id",)


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1e300, 1e300, -1.0])
def test_a_time_that_no_calendar_knows_is_none(at: float) -> None:
    """A file can hold any number."""
    flow, response = answered()
    flow.request.timestamp_end = response.timestamp_start = response.timestamp_end = at
    turn = saved_summary(flow)

    assert (turn.sent_at, turn.ended_at, turn.exchange.first_byte_at) == (0, 0, 0)
