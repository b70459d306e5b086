"""Which bodies are refused, by which rules, and how it is said."""

from dataclasses import replace
from typing import Any

import pytest
from embedded_backend import refusals
from embedded_backend.rules import COMPACT_MEMBERS, Rules
from support.embedded import body

RULES = Rules()
LAWFUL = {"reasoning_summary_delivery": "sequential_cutoff"}
UNSUPPORTED = (
    *("prompt_cache_retention", "prompt_cache_options", "safety_identifier", "previous_response_id", "stream_options"),
    *("temperature", "top_p", "max_output_tokens", "metadata", "user", "truncation"),
)


def body_without(member: str) -> dict[str, Any]:
    """Return the usual body without a member."""
    return {name: value for name, value in body().items() if name != member}


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        *((body(**{member: "any"}), f"Unsupported parameter: {member}") for member in UNSUPPORTED),
        (body(store=True), "Store must be set to false"),
        (body_without("store"), "Store must be set to false"),
        (body(stream=False), "Stream must be set to true"),
        (body(service_tier="flex"), "Unsupported service_tier: flex"),
    ],
)
def test_the_gateway_names_what_it_does_not_take(sent: dict[str, Any], detail: str) -> None:
    assert refusals.of_turn(sent, None, RULES, websocket=False) == refusals.gateway(detail)


@pytest.mark.parametrize(
    ("sent", "websocket"),
    [
        pytest.param(body(prompt_cache_key="k" * 64), False, id="a key of 64 characters"),
        pytest.param(body(stream_options=LAWFUL), False, id="the one lawful stream option"),
        pytest.param(body(service_tier="priority"), False, id="the priority tier"),
        pytest.param(body_without("instructions"), False, id="no instructions"),
        pytest.param(body_without("store"), True, id="a frame without store"),
        pytest.param(body(previous_response_id="resp_1"), True, id="a frame after another"),
        pytest.param(body(generate=False), True, id="a frame that warms up"),
    ],
)
def test_an_ordinary_turn_is_taken(sent: dict[str, Any], websocket: bool) -> None:
    assert refusals.of_turn(sent, "s" * 64, RULES, websocket=websocket) is None


def test_a_member_that_is_told_to_be_accepted_is_taken() -> None:
    capped = body(max_output_tokens=128_000)

    assert refusals.of_turn(capped, None, replace(RULES, accepts=("max_output_tokens",)), websocket=False) is None


@pytest.mark.parametrize(("members", "session"), [({"prompt_cache_key": "k" * 65}, None), ({}, "s" * 65)])
def test_a_key_or_session_header_that_is_too_long_is_refused_by_the_api(
    members: dict[str, Any], session: str | None
) -> None:
    refused = refusals.of_turn(body(**members), session, RULES, websocket=False)

    assert refused is not None
    error = refused.body["error"]
    assert (error["code"], error["param"]) == ("string_above_max_length", "prompt_cache_key")
    assert error["message"].endswith("with length 65 instead.")


def test_on_a_websocket_each_shape_has_its_frame() -> None:
    error = {"message": "m", "type": "invalid_request_error", "param": "p", "code": "c"}

    assert refusals.gateway("d").frame() == {"type": "error", "status": 400, "error": {"detail": "d"}, "headers": {}}
    assert {"type": "error", "status": 400, "error": error, "headers": {}} == refusals.inner("m", "p", "c").frame()


def test_a_compaction_takes_the_members_of_its_schema_alone_an_old_one_no_key() -> None:
    keyed = {"model": "m", "prompt_cache_key": "k"}
    old = replace(RULES, compact_members=COMPACT_MEMBERS - {"prompt_cache_key"})
    refused = refusals.inner("Unknown parameter: 'prompt_cache_key'.", "prompt_cache_key", "unknown_parameter")

    assert refusals.of_compact(keyed, None, RULES) is None
    assert refusals.of_compact(keyed, None, old) == refused


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "invalid_request_error"), (429, "usage_limit_reached"), (500, "server_error"), (503, "server_error")],
)
def test_a_failure_is_worded_by_its_status(status: int, kind: str) -> None:
    failure = refusals.failure(status)

    assert (failure.status, failure.body["error"]["type"]) == (status, kind)
