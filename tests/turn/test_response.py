"""What a response said about its turn."""

import json

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.response import ResponseInfo

USAGE: Object = {"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 1920}, "output_tokens": 5}
RESPONSE: Object = {"id": "r1", "prompt_cache_key": "k", "usage": USAGE}


def after(*events: Object, status: int | None = None) -> ResponseInfo:
    """Return what is known after these events."""
    response_info = ResponseInfo(status=status)
    for event in events:
        response_info.read_event(json.dumps(event).encode())
    response_info.read_buffered()
    return response_info


def after_body(body: bytes, status: int | None = 200) -> ResponseInfo:
    response_info = ResponseInfo(status=status)
    response_info.read_body(body)
    return response_info


def test_a_new_outcome_knows_nothing() -> None:
    assert ResponseInfo() == ResponseInfo(
        status=None, response_id=None, echoed_key=None, usage={}, error=None, finished=False
    )


def test_the_id_and_the_echoed_key_are_known_from_the_start() -> None:
    response_info = after(
        {"type": "response.created", "response": {"id": "r1", "prompt_cache_key": "k", "usage": None}}
    )

    assert (response_info.response_id, response_info.echoed_key, response_info.usage, response_info.finished) == (
        "r1",
        "k",
        {},
        False,
    )


@pytest.mark.parametrize("kind", ["response.completed", "response.done", "response.incomplete", "response.failed"])
def test_the_last_event_brings_the_usage_and_ends_the_turn(kind: str) -> None:
    response_info = after({"type": kind, "response": RESPONSE})

    assert (response_info.response_id, response_info.usage, response_info.finished) == ("r1", USAGE, True)


def test_a_last_event_without_usage_ends_the_turn_and_leaves_the_usage_empty() -> None:
    response_info = after({"type": "response.completed", "response": {"id": "r1"}})

    assert (response_info.usage, response_info.finished) == ({}, True)


def test_a_last_event_without_a_response_ends_the_turn() -> None:
    assert after({"type": "response.done"}).finished


def test_what_was_known_is_not_lost_by_an_event_that_lacks_it() -> None:
    response_info = after(
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.completed", "response": {"id": None, "prompt_cache_key": 7, "usage": "x"}},
    )

    assert (response_info.response_id, response_info.echoed_key, response_info.usage) == ("r1", "k", USAGE)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"type": "response.output_text.delta", "delta": "response.completed"}, id="a delta"),
        pytest.param({"type": "response.output_text.delta", "delta": '{"type":"error"}'}, id="a delta that quotes one"),
        pytest.param({"type": "response.in_progress", "response": RESPONSE}, id="progress"),
        pytest.param({"type": "codex.rate_limits", "error": {}}, id="limits"),
        pytest.param({"type": "x", "item": {"type": "error"}}, id="an error within an item"),
        pytest.param({"response": RESPONSE}, id="no type"),
        pytest.param({"type": None}, id="a null type"),
        pytest.param({"type": ["error"], "item": {"type": "error"}}, id="a type that is a list"),
    ],
)
def test_other_events_say_nothing(event: Object) -> None:
    assert after(event) == ResponseInfo()


@pytest.mark.parametrize(
    "data",
    [b"", b"[DONE]", b"{}", b'["type"]', b'{"type":"error"', b'"type":"error"', b'\xff{"type":"error"}'],
    ids=repr,
)
def test_what_is_no_event_says_nothing(data: bytes) -> None:
    response_info = ResponseInfo()
    response_info.read_event(data)

    assert response_info == ResponseInfo()


@pytest.mark.parametrize("data", [b'{"type":"error"}', b'{ "type" :\n"error" }', b'{"a":1,"type": "error","b":2}'])
def test_white_space_and_order_do_not_matter(data: bytes) -> None:
    response_info = ResponseInfo()
    response_info.read_event(data)

    assert response_info.finished


def test_half_of_an_emoji_in_the_answer_does_not_hide_the_usage() -> None:
    response_info = ResponseInfo()
    response_info.read_event(b'{"type":"response.completed","x":"\\ud83d","response":{"id":"r1"}}')

    assert (response_info.response_id, response_info.finished) == ("r1", True)


@pytest.mark.parametrize("member", ["status", "status_code"])
def test_an_error_frame_says_its_status(member: str) -> None:
    event: Object = {"type": "error", member: 400, "error": {"message": "no"}}
    response_info = after(event)

    assert (response_info.status, response_info.error, response_info.finished) == (400, event, True)


def test_an_error_frame_without_a_status_keeps_the_responses() -> None:
    assert after({"type": "error", "status": "bad"}, status=200).status == 200


def test_a_failed_response_holds_its_error() -> None:
    response: Object = {"id": "r1", "error": {"code": "server_error"}}
    response_info = after({"type": "response.failed", "response": response})

    assert (response_info.error, response_info.finished) == (response, True)


def test_a_response_whose_error_is_null_has_none() -> None:
    assert after({"type": "response.completed", "response": {"error": None}}).error is None


def test_a_whole_body_is_read_like_a_response() -> None:
    response_info = after_body(json.dumps(RESPONSE).encode())

    assert (response_info.response_id, response_info.echoed_key, response_info.usage) == ("r1", "k", USAGE)
    assert (response_info.error, response_info.finished) == (None, True)


@pytest.mark.parametrize("body", [b'{"detail":"x"}', b'{"error":{"message":"x"}}'])
def test_the_body_of_a_refusal_is_its_error(body: bytes) -> None:
    assert after_body(body, status=400).error == json.loads(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff"], ids=repr)
def test_a_refusal_that_is_no_json_object_is_an_error_without_words(body: bytes) -> None:
    assert after_body(body, status=403).error == {}


@pytest.mark.parametrize("status", [None, 200, 399])
def test_below_400_a_body_is_no_error(status: int | None) -> None:
    assert after_body(b"{}", status=status).error is None


ITEMS: list[Json] = [{"type": "message", "id": "m1"}, {"type": "function_call", "id": "f1"}]


def test_the_responses_items_are_gathered_as_they_are_done() -> None:
    events: list[Object] = [{"type": "response.output_item.done", "item": item} for item in ITEMS]

    assert after(*events, {"type": "response.completed", "response": {"output": []}}).outputs == ITEMS


def test_a_whole_response_brings_its_items_along() -> None:
    assert after({"type": "response.completed", "response": {"output": ITEMS}}).outputs == ITEMS


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        pytest.param({"error": {"code": "rate_limit_exceeded", "type": "x"}}, "rate_limit_exceeded", id="the code"),
        pytest.param({}, "no reason given", id="nothing"),
        pytest.param(None, None, id="no failure"),
    ],
)
def test_a_failure_has_a_short_name(error: Object | None, failure: str | None) -> None:
    assert ResponseInfo(error=error).failure == failure


@pytest.mark.parametrize("error", [None, {}, "words"])
def test_a_failed_response_has_failed_whether_or_not_it_says_why(error: Json) -> None:
    response_info = after(
        {"type": "response.failed", "response": {"id": "r1", "error": error, "usage": {"input_tokens": 5}}}
    )

    assert (response_info.failure, response_info.finished) == ("no reason given", True)


def test_the_items_of_an_endless_response_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codexcache.turn.response.OUTPUT_LIMIT", 1_000)
    response_info = ResponseInfo()
    for number in range(100):
        response_info.read_event(b'{"type":"response.output_item.done","item":{"n":%d}}' % number)

    response_info.read_buffered()
    assert response_info.outputs == [{"n": number} for number in range(len(response_info.outputs))]
    assert 10 < len(response_info.outputs) < 30
