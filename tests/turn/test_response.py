"""What a response said about its turn."""

import json
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.response import ResponseInfo, errors_in

USAGE: Object = {"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 1920}, "output_tokens": 5}
ITEMS: list[Json] = [{"type": "message", "id": "m1"}, {"type": "function_call", "id": "f1"}]
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


def completed(**members: Any) -> ResponseInfo:
    return ResponseInfo(finished=True, ended="completed", **members)


@pytest.mark.parametrize("kind", ["completed", "done", "incomplete"])
def test_the_last_event_brings_the_usage_and_ends_the_turn(kind: str) -> None:
    ended = "completed" if kind == "done" else kind
    expected = ResponseInfo(response_id="r1", echoed_key="k", usage=USAGE, finished=True, ended=ended)

    assert after({"type": f"response.{kind}", "response": RESPONSE}) == expected


CREATED: Object = {"id": "r1", "prompt_cache_key": "k", "usage": None}
ERROR: Object = {"type": "error", "status": 400, "error": {"message": "no"}}
FAILED: Object = {"id": "r1", "error": {"code": "server_error"}, "usage": USAGE}


@pytest.mark.parametrize(
    ("kind", "response", "expected"),
    [
        pytest.param(
            "created", CREATED, ResponseInfo(response_id="r1", echoed_key="k"), id="id and key from the start"
        ),
        pytest.param("completed", {"id": "r1"}, completed(response_id="r1"), id="no usage"),
        pytest.param("done", None, completed(), id="no response"),
        pytest.param("completed", {"error": None}, completed(), id="a null"),
        pytest.param("completed", {"output": ITEMS}, completed(outputs=ITEMS), id="items"),
    ],
)
def test_an_event_says(kind: str, response: Json, expected: ResponseInfo) -> None:
    assert after({"type": f"response.{kind}", "response": response}) == expected


def test_a_failed_response_and_an_error_frame_say_what_went_wrong() -> None:
    assert after({"type": "response.failed", "response": FAILED}) == ResponseInfo(
        response_id="r1", usage=USAGE, error=FAILED, finished=True, ended="failed"
    )
    assert after(ERROR) == ResponseInfo(status=400, error=ERROR, finished=True, ended="refused")
    assert after({"type": "response.done"}).finished


@pytest.mark.parametrize(("given", "status"), [({"status_code": 400}, 400), ({"status": "bad"}, 200)])
def test_an_error_frame_says_its_status_or_keeps_the_responses(given: Object, status: int) -> None:
    assert after({"type": "error", **given}, status=200).status == status


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
        pytest.param({"type": "codex.rate_limits", "error": {}}, id="limits without a number"),
        pytest.param({"type": "x", "item": {"type": "error"}}, id="an error within an item"),
        pytest.param({"response": RESPONSE}, id="no type"),
        pytest.param({"type": None}, id="a null type"),
        pytest.param({"type": ["error"], "item": {"type": "error"}}, id="a type that is a list"),
    ],
)
def test_other_events_say_nothing(event: Object) -> None:
    assert after(event) == ResponseInfo()


NO_EVENTS = [b"", b"[DONE]", b"{}", b'["type"]', b'{"type":"error"', b'"type":"error"', b'\xff{"type":"error"}']
EVENTS = [
    b'{"type":"error"}',
    b'{ "type" :\n"error" }',
    b'{"a":1,"type": "error","b":2}',
    b'{"type":"response.completed","x":"\\ud83d","response":{"id":"r1"}}',
]


@pytest.mark.parametrize("data", [*NO_EVENTS, *EVENTS], ids=repr)
def test_white_space_order_and_half_of_an_emoji_do_not_make_another_event(data: bytes) -> None:
    """What is no event says nothing."""
    response_info = ResponseInfo()
    response_info.read_event(data)

    assert (response_info.finished, response_info == ResponseInfo()) == (data in EVENTS, data in NO_EVENTS)


def test_a_whole_body_is_read_like_a_response() -> None:
    expected = completed(status=200, response_id="r1", echoed_key="k", usage=USAGE)

    assert after_body(json.dumps(RESPONSE).encode()) == expected


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b'{"detail":"x"}', 400, {"detail": "x"}),
        (b'{"error":{"message":"x"}}', 400, {"error": {"message": "x"}}),
        *((no_object, 403, {}) for no_object in (b"", b"<html>", b"[1]", b"\xff")),
        *((b"{}", status, None) for status in (None, 200, 399)),
    ],
    ids=repr,
)
def test_from_400_on_a_body_is_an_error_with_or_without_words(body: bytes, status: int, error: Object | None) -> None:
    assert after_body(body, status=status).error == error


def test_the_responses_items_are_gathered_as_they_are_done() -> None:
    events: list[Object] = [{"type": "response.output_item.done", "item": item} for item in ITEMS]

    assert after(*events, {"type": "response.completed", "response": {"output": []}}).outputs == ITEMS


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        pytest.param({"error": {"code": "rate_limit_exceeded", "type": "x"}}, "rate_limit_exceeded", id="the code"),
        pytest.param({"error": {"code": None, "type": "server_error"}}, "server_error", id="else the type"),
        pytest.param({"type": "error", "code": "context_length_exceeded"}, "context_length_exceeded", id="of an event"),
        pytest.param({"type": "error", "error": None, "status": 429}, "no reason given", id="an event's kind is none"),
        pytest.param({"error": {"code": "\x1b[31m", "type": "Some words"}}, "no reason given", id="no free text"),
        pytest.param({"error": {"code": "a" * 62}}, "no reason given", id="nothing long"),
        pytest.param({"detail": "Store must be set to false"}, "the response says why", id="the front gateway's words"),
        pytest.param({"error": {"message": "some words"}}, "the response says why", id="the inner API's words"),
        pytest.param({}, "no reason given", id="nothing"),
        pytest.param(None, None, id="no failure"),
    ],
)
def test_a_failure_is_called_as_the_backend_calls_it(payload: Object | None, name: str | None) -> None:
    assert ResponseInfo(error=payload).failure == name


def test_the_innermost_error_comes_first() -> None:
    inner: Object = {"code": "a"}
    payload: Object = {"type": "error", "error": inner}

    assert errors_in(payload) == [inner, payload]
    assert errors_in({"error": "words"}) == [{"error": "words"}]


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


CREATED_BY: Object = {"type": "response.created", "response": {"id": "r1", "model": "m-1", "service_tier": "auto"}}


@pytest.mark.parametrize(
    ("said", "model", "tier"),
    [
        ({}, "m-1", ""),
        ({"model": "m-2", "service_tier": "default"}, "m-2", "default"),
        ({"model": "m-2", "service_tier": "auto"}, "m-2", ""),
        ({"model": 7, "service_tier": "x" * 201}, "m-1", ""),
    ],
)
def test_what_made_a_response_is_what_its_end_says_or_else_its_beginning(said: Object, model: str, tier: str) -> None:
    """The tier `auto` is one that can be asked for, and none that can be served."""
    end: Object = {"type": "response.completed", "response": {"id": "r1", "usage": USAGE, **said}}
    response_info = after(CREATED_BY, end)

    assert (response_info.served_model, response_info.served_service_tier) == (model, tier)


def test_a_response_that_was_cut_off_says_what_was_making_it() -> None:
    assert after(CREATED_BY).served_model == "m-1"
    assert after_body(json.dumps({"id": "r1", "model": "m-1", "service_tier": "flex"}).encode()).served_model == "m-1"


@pytest.mark.parametrize(
    ("transformations", "reasons"),
    [
        ([{"type": "reasoning_dropped", "reason": "prefix_mismatch"}], ("prefix_mismatch",)),
        (["turn_boundary", "prefix_mismatch"], ("prefix_mismatch", "turn_boundary")),
        ([{"reason": "turn_boundary"}, {"reason": ["prefix_mismatch"]}, {"reason": "who knows"}], ("turn_boundary",)),
        ([], ()),
        ("prefix_mismatch", ()),
        (None, ()),
    ],
)
def test_reasons_for_taking_something_out_of_the_input_are_kept(transformations: Json, reasons: object) -> None:
    end: Object = {"type": "response.completed", "response": {**RESPONSE, "input_transformations": transformations}}

    assert after(end).transformations == reasons


def test_the_backends_own_diagnostics_of_a_miss_are_kept() -> None:
    diagnostics: Object = {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 5}
    end: Object = {"type": "response.completed", "response": {**RESPONSE, "prompt_cache_diagnostics": diagnostics}}

    assert after(end).diagnostics == diagnostics
    assert after({"type": "response.completed", "response": {"prompt_cache_diagnostics": "none"}}).diagnostics == {}


def limits_event(used: float) -> Object:
    return {"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": used}}}


def test_an_event_of_rate_limits_ends_nothing_and_a_later_one_counts() -> None:
    first, later = (limits_event(used) for used in (41.0, 44.0))

    assert after(first, later) == ResponseInfo(limits={"primary": 44.0})


@pytest.mark.parametrize(
    ("status", "events", "ended"),
    [
        (200, [{"type": "response.completed"}, {"type": "error"}], "completed"),
        (200, [{"type": "response.incomplete"}], "incomplete"),
        (200, [{"type": "response.failed"}], "failed"),
        (200, [{"type": "response.done", "response": {"status": "incomplete"}}], "incomplete"),
        (200, [{"type": "response.done", "response": {"status": "queued"}}], "completed"),
        (200, [CREATED_BY, {"type": "error"}], "failed"),
        (200, [CREATED_BY, {"type": "error", "status": 500}], "failed"),
        (200, [{"type": "error", "status": 429}], "refused"),
        (429, [{"type": "error"}], "refused"),
        (200, [CREATED_BY], ""),
    ],
)
def test_the_last_event_says_how_the_turn_ended(status: int, events: list[Object], ended: str) -> None:
    assert after(*events, status=status).ended == ended


@pytest.mark.parametrize(
    ("status", "body", "ended"),
    [
        (200, b'{"id":"r1"}', "completed"),
        (200, b'{"id":"r1","status":"incomplete"}', "incomplete"),
        (200, b'{"error":{"code":"server_error"}}', "failed"),
        (200, b'{"id":"r1"', "cut"),
        (200, b"", "cut"),
        (400, b'{"detail":"no"}', "refused"),
        (302, b"", "refused"),
    ],
)
def test_a_whole_body_says_how_the_turn_ended(status: int, body: bytes, ended: str) -> None:
    assert after_body(body, status).ended == ended


def test_how_a_turn_ended_is_known_once_and_a_refusal_stays_one() -> None:
    finished, refused, unreadable = completed(), ResponseInfo(status=503), ResponseInfo(status=200)
    for response_info in (finished, refused, unreadable):
        response_info.end_unreadable("x-é" + "y" * 99)
        response_info.end("cancelled")

    assert [each.ended for each in (finished, refused)] == ["completed", "refused"]
    assert unreadable.ended == "unreadable: x-?" + "y" * 37
