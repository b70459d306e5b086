"""Rows are put together into conversations, and what they re-sent is worked out."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.report.conversations import ReportTurn
from support.journals import entry
from support.reported import conversations, miss


def last_of(*entries: Object) -> ReportTurn:
    """Return the last turn of a journal with one conversation."""
    [conversation] = conversations(*entries)
    return conversation.turns[-1]


@pytest.mark.parametrize(("named", "resent"), [({"predecessor_run": "b"}, 6_000), ({}, 500)])
def test_a_conversation_goes_on_over_restarts(named: Object, resent: int) -> None:
    """Its predecessor is of the start that the journal names, else of its own."""
    [found] = conversations(
        entry(1, given=10_000, run="b"), miss(given=10_000, cached=4_000, reusable_tokens=4_500, **named)
    )

    assert (found.name, len(found.turns), found.resent) == ("cccccccccccc", 2, resent)


@pytest.mark.parametrize(
    ("first", "second", "resent"),
    [
        pytest.param(entry(1), {"cached": 2_000}, 8_000, id="what its predecessor held beyond what was read"),
        pytest.param(entry(1), {"given": 3_000, "cached": 1_000}, 2_000, id="no more than a shorter turn has"),
        pytest.param(entry(1, given=None), {"reusable_tokens": 7_000}, 7_000, id="what was reusable"),
        pytest.param(entry(9), {"reusable_tokens": 7_000, "cached": 1_000}, 6_000, id="the same without a predecessor"),
        *(
            pytest.param(entry(1), fields, 0, id=f"nothing: {fields}")
            for fields in (
                {"verdict": "hit"},
                {"verdict": "rejected"},
                {"verdict": "made_up"},
                {"given": None},
                {"cached": None},
                {"predecessor": None},
                {"cached": 12_000},
            )
        ),
    ],
)
def test_a_turn_re_sent(first: Object, second: dict[str, object], resent: int) -> None:
    assert last_of(first, miss(**second)).resent == resent


def test_what_is_neither_read_nor_re_sent_is_new() -> None:
    turn = last_of(entry(1, given=10_000), miss(cached=2_000))

    assert (turn.row.cached, turn.resent, turn.fresh) == (2_000, 8_000, 2_000)
    assert turn.is_counted
    assert not last_of(entry(1, given=None)).is_counted
    assert not last_of(entry(1, cached=None)).is_counted


def test_a_gap_begins_when_all_turns_before_have_ended() -> None:
    [conversation] = conversations(
        entry(1, at=0, duration_ms=100_000),
        entry(2, at=10, duration_ms=1_000),
        entry(3, at=400, duration_ms=None),
        entry(4, at=400),
    )

    assert [turn.gap for turn in conversation.turns] == [None, 0.0, 300.0, 0.0]


def test_turns_are_in_the_order_of_time() -> None:
    [conversation] = conversations(entry(2, at=5), entry(3, at=9), entry(1, at=5))

    assert [turn.row.turn for turn in conversation.turns] == [1, 2, 3]


def test_those_that_re_sent_the_most_come_first_and_then_the_largest() -> None:
    found = conversations(
        entry(1, conversation="small", given=10),
        entry(2, conversation="large", given=900_000),
        entry(3, conversation="dear", given=8_000, reusable_tokens=5_000, verdict="upstream"),
    )

    assert [(each.name, each.resent, each.input) for each in found] == [
        ("dear", 5_000, 8_000),
        ("large", 0, 900_000),
        ("small", 0, 10),
    ]
