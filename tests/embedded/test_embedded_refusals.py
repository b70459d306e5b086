"""Which bodies are refused, by which rules, and how it is said."""

from dataclasses import replace
from typing import Any

import pytest
from embedded_backend import refusals
from embedded_backend.rules import COMPACT_MEMBERS, REFUSED, REQUIRED, Refused, Rules
from support.embedded import body

RULES = Rules()


def said_of(members: dict[str, Any], *, session: str | None = None, websocket: bool = False) -> Any:
    refused = refusals.of_turn(body() | members, session, RULES, websocket=websocket)
    return refused and refused.body


def body_without(member: str) -> dict[str, Any]:
    """Return the usual body without a member."""
    return {name: value for name, value in body().items() if name != member}


@pytest.mark.parametrize(
    "member",
    [
        "prompt_cache_retention",
        "prompt_cache_options",
        "temperature",
        "top_p",
        "max_output_tokens",
        "metadata",
        "user",
        "truncation",
        "safety_identifier",
        "previous_response_id",
        "stream_options",
    ],
)
def test_the_gateway_names_a_member_that_it_does_not_take(member: str) -> None:
    assert {"detail": f"Unsupported parameter: {member}"} == said_of({member: "any"})


@pytest.mark.parametrize(
    "members",
    [
        {"prompt_cache_key": "k" * 64},
        {"stream_options": {"reasoning_summary_delivery": "sequential_cutoff"}},
        {"service_tier": "priority"},
    ],
    ids=["a key of 64 characters", "the one lawful stream option", "the priority tier"],
)
def test_an_ordinary_turn_is_taken(members: dict[str, Any]) -> None:
    assert said_of(members, session="s" * 64) is None


def test_a_turn_without_instructions_is_taken() -> None:
    assert refusals.of_turn(body_without("instructions"), None, RULES, websocket=False) is None


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"store": True}, "Store must be set to false"),
        ({"stream": False}, "Stream must be set to true"),
        ({"service_tier": "flex"}, "Unsupported service_tier: flex"),
    ],
)
def test_a_member_with_another_value_than_it_must_have_is_refused(members: dict[str, Any], detail: str) -> None:
    assert {"detail": detail} == said_of(members)


def test_store_may_be_absent_on_a_websocket_alone() -> None:
    bare = body_without("store")

    assert refusals.of_turn(bare, None, RULES, websocket=True) is None
    assert refusals.gateway("Store must be set to false") == refusals.of_turn(bare, None, RULES, websocket=False)


@pytest.mark.parametrize("member", ["previous_response_id", "generate"])
def test_what_belongs_to_a_websocket_is_taken_there(member: str) -> None:
    assert said_of({member: False}, websocket=True) is None


@pytest.mark.parametrize(("members", "session"), [({"prompt_cache_key": "k" * 65}, None), ({}, "s" * 65)])
def test_a_key_or_session_header_that_is_too_long_is_refused_by_the_api(
    members: dict[str, Any], session: str | None
) -> None:
    error = said_of(members, session=session)["error"]

    assert (error["code"], error["param"]) == ("string_above_max_length", "prompt_cache_key")
    assert error["message"].endswith("with length 65 instead.")


def test_the_table_says_in_which_shape() -> None:
    rules = replace(RULES, refused=(Refused(member="extra_headers", shape="inner"),))
    refused = refusals.of_turn(body(extra_headers={}), None, rules, websocket=False)

    assert refusals.inner("Unknown parameter: 'extra_headers'.", "extra_headers", "unknown_parameter") == refused


def test_on_a_websocket_each_shape_has_its_frame() -> None:
    error = {"message": "m", "type": "invalid_request_error", "param": "p", "code": "c"}

    assert refusals.gateway("d").frame() == {"type": "error", "status": 400, "error": {"detail": "d"}, "headers": {}}
    assert {"type": "error", "status": 400, "error": error, "headers": {}} == refusals.inner("m", "p", "c").frame()


def test_a_compaction_takes_the_members_of_its_schema_alone() -> None:
    refused = refusals.of_compact({"model": "m", "stream": True}, None, RULES)

    assert refusals.inner("Unknown parameter: 'stream'.", "stream", "unknown_parameter") == refused
    assert refusals.of_compact({"model": "m", "prompt_cache_key": "k"}, None, RULES) is None


def test_an_old_compaction_takes_no_key() -> None:
    rules = replace(RULES, compact_members=COMPACT_MEMBERS - {"prompt_cache_key"})
    refused = refusals.of_compact({"model": "m", "prompt_cache_key": "k"}, None, rules)

    assert refused is not None
    assert refused.body["error"]["param"] == "prompt_cache_key"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "invalid_request_error"), (429, "usage_limit_reached"), (500, "server_error"), (503, "server_error")],
)
def test_a_failure_is_worded_by_its_status(status: int, kind: str) -> None:
    failure = refusals.failure(status)

    assert (failure.status, failure.body["error"]["type"]) == (status, kind)


def test_each_member_has_one_row() -> None:
    rows = [*(row.member for row in REFUSED), *(row.member for row in REQUIRED)]

    assert sorted(set(rows)) == sorted(rows)


def test_an_ordinary_day_refuses_no_upgrade_and_fails_no_turn() -> None:
    assert (RULES.upgrade_status, RULES.failures, RULES.cut_after) == (None, (), None)
