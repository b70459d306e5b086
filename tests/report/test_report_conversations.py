"""Rows are put together into conversations; what they re-sent, totals, causes, and modes side by side."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.report.conversations import Comparison, ReportTurn, Totals, causes, compare
from support.journals import entry, long_journal
from support.reported import conversations, miss, warm


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


def totals_of(*entries: Object) -> Totals:
    return Totals(conversations(*entries))


def compared(*entries: Object) -> Comparison:
    """Return the comparison of several modes."""
    found = compare(conversations(*entries))
    assert found is not None
    return found


def test_the_cached_share_is_weighted_by_tokens_and_the_median_is_not() -> None:
    totals = totals_of(entry(1, given=9_000), entry(2, given=1_000, cached=500), entry(3, given=1_000, cached=900))

    assert (totals.share, totals.median) == (1_400 / 11_000, 0.5)


def test_turns_without_counters_are_turns_but_in_no_share() -> None:
    totals = totals_of(entry(1, given=None), entry(2, given=5_000, cached=None), entry(3, given=100, cached=50))
    none = totals_of(entry(1, given=None), entry(2, given=0))

    assert (totals.turns, totals.counted, totals.input, totals.share) == (3, 1, 100, 0.5)
    assert (none.share, none.median, none.warm_share, none.resent_share) == (None, None, None, None)


def test_the_parts_of_the_input_add_up() -> None:
    totals = totals_of(*long_journal(300))

    assert totals.cached + totals.resent + totals.fresh == totals.input
    assert 0 < totals.resent < totals.input


def test_an_expected_rebuild_and_turns_that_the_addon_altered_are_counted_apart() -> None:
    rebuilt = miss(2, verdict="context_compacted", changed=["session-id"])
    totals = totals_of(entry(1, given=10_000), rebuilt, miss(3))

    assert (totals.resent, totals.expected, totals.misses, totals.altered) == (20_000, 10_000, 2, 1)


def test_causes_are_ranked_by_tokens_then_misses_then_turns() -> None:
    found = causes(
        conversations(
            entry(1, given=10_000),
            miss(2, verdict="idle", cached=9_000),
            miss(3, verdict="tools_changed"),
            miss(4, verdict="upstream", cached=12_000),
            entry(5, verdict="hit"),
            entry(6, verdict="hit"),
        )
    )

    assert [(cause.verdict.name, cause.turns, cause.resent) for cause in found] == [
        ("tools_changed", 1, 10_000),
        ("idle", 1, 1_000),
        ("upstream", 1, 0),
        ("hit", 2, 0),
        ("cold", 1, 0),
    ]


def test_modes_stand_in_the_order_of_how_much_they_do() -> None:
    """A conversation in several modes counts in each; one mode is not compared."""
    modes = enumerate(("x", "pin", "fill", "observe"), 1)
    comparison = compared(*(entry(number, mode=mode) for number, mode in modes))

    assert [name for name, _ in comparison.modes] == ["observe", "fill", "pin", "x"]
    assert {(totals.turns, totals.conversations) for _, totals in comparison.modes} == {(1, 1)}
    assert compare(conversations(entry(1), entry(2))) is None


def test_a_difference_is_said_with_its_turns() -> None:
    comparison = compared(*warm(40, mode="observe", share=0.3), *warm(50, start=100))

    assert comparison.sentences == (
        "Warm turns read 90.0% of their input from the cache with fill (50 turns) and 30.0% with observe (40 turns): "
        "60.0 points more.",
    )
    worse = compared(*warm(40, mode="observe", share=0.9), *warm(40, start=100, share=0.85))
    assert worse.sentences[0].endswith(": 5.0 points less.")


@pytest.mark.parametrize(
    ("before", "after", "few"),
    [
        (warm(29, mode="observe"), warm(40, start=100), "observe"),
        (warm(40, mode="observe"), warm(40, start=100, conversation="one"), "fill"),
        (warm(2, mode="observe"), warm(2, start=100), "observe and fill"),
    ],
)
def test_a_small_sample_is_called_one(before: list[Object], after: list[Object], few: str) -> None:
    comparison = compared(*before, *after)

    assert comparison.sentences[0].endswith(f" From so few turns of {few} that says little.")


def test_a_mode_without_counters_is_not_compared_but_listed() -> None:
    comparison = compared(entry(1, mode="observe", given=None), *warm(40, start=100))

    assert comparison.sentences == (
        "observe and fill cannot be compared: one of them has no warm turn that reported token counts.",
    )


def test_of_very_many_modes_some_are_compared() -> None:
    """There are three; a journal that names more was not written by the addon."""
    told = compared(*(entry(number, mode=f"mode {number}") for number in range(1, 101)))

    assert len(told.modes) == 12
    assert told.sentences[-1] == "There are 88 more modes."
