"""What a turn's record takes from its response: the counters, and what the response says of itself."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.diagnosis.engine import Engine
from codexcache.turn.rate_limits import Limit
from codexcache.turn.record import Record, ServerWord, Usage
from codexcache.turn.response import ResponseInfo
from support.records import route
from support.turns import conversation, turn

USAGE: Object = {"input_tokens": 9_000, "input_tokens_details": {"cached_tokens": 8_000}, "output_tokens": 50}
MISS: Object = {"type": "cache_miss", "reason": "tools_changed"}


def ended(engine: Engine, response_info: ResponseInfo, **members: str) -> Record:
    """Return the record of a turn that ended with a response."""
    record = engine.turn_sent(turn(input=conversation("a")), route(**members), flow="f", at=0)
    engine.turn_ended(record, response_info, 5)
    return record


def test_reasoning_is_counted_where_the_backend_counts_it() -> None:
    with_reasoning: Object = {**USAGE, "output_tokens_details": {"reasoning_tokens": 40}}

    assert ended(Engine(), ResponseInfo(usage=with_reasoning)).usage == Usage(
        input=9_000, cached=8_000, output=50, reasoning=40
    )
    assert ended(Engine(), ResponseInfo(usage={**USAGE, "output_tokens_details": None})).usage == Usage(
        input=9_000, cached=8_000, output=50
    )


@pytest.mark.parametrize(("given", "cached"), [(0, 0), (1_000, 2_000)])
def test_counters_that_cannot_be_true_are_kept_as_they_were_said(given: int, cached: int) -> None:
    usage: Object = {"input_tokens": given, "input_tokens_details": {"cached_tokens": cached}}

    assert ended(Engine(), ResponseInfo(usage=usage)).usage == Usage(input=given, cached=cached, output=None)


def test_a_record_says_how_the_turn_ended_and_what_answered_it() -> None:
    told = ResponseInfo(
        ended="incomplete", served_model="m-2", served_service_tier="flex", transformations=("prefix_mismatch",)
    )
    record = ended(Engine(), told)

    assert (record.ended, record.served_model, record.served_service_tier) == ("incomplete", "m-2", "flex")
    assert record.transformations == ("prefix_mismatch",)


@pytest.mark.parametrize(
    ("diagnostics", "word"),
    [
        (
            {
                "type": "cache_miss",
                "reason": "tools_changed",
                "cache_missed_tokens": 7,
                "comparison_reusable_tokens": 9,
            },
            ServerWord("tools_changed", 7, 9),
        ),
        (
            {"type": "cache_miss", "reason": "input_changed", "cache_missed_tokens": "7"},
            ServerWord("input_changed", None, None),
        ),
        ({"type": "cache_miss", "reason": "It said: {secret}"}, None),
        ({"type": "cache_miss"}, None),
        ({"type": "cache_hit", "reason": "tools_changed"}, None),
        ({"type": "unavailable"}, None),
        ({}, None),
    ],
)
def test_the_backends_own_reason_of_a_miss_is_taken_where_it_names_one(
    diagnostics: Object, word: ServerWord | None
) -> None:
    assert ended(Engine(), ResponseInfo(diagnostics=diagnostics)).server == word


def test_limits_are_told_with_what_the_accounts_last_turn_had_left() -> None:
    engine = Engine()
    first = ended(engine, ResponseInfo(limits={"primary": 41.0}))
    other = ended(engine, ResponseInfo(limits={"primary": 3.0}), account="another")
    second = ended(engine, ResponseInfo(limits={"primary": 44.0}))
    silent = ended(engine, ResponseInfo())

    assert first.limits == (Limit("primary", None, 41.0),)
    assert other.limits == (Limit("primary", None, 3.0),)
    assert second.limits == (Limit("primary", 41.0, 44.0),)
    assert silent.limits == ()


def test_what_a_handshake_told_was_before_the_first_turn_of_its_socket() -> None:
    record = ended(Engine(), ResponseInfo(limits_before={"primary": 41.0}, limits={"primary": 44.0}))

    assert record.limits == (Limit("primary", 41.0, 44.0),)
