"""Modes side by side, and what is said of the difference."""

import pytest
from codexcache.body.json_splice import Object
from codexcache.report.comparison import Comparison, compare
from support.journals import entry
from support.reported import reported, warm


def compared(*entries: Object) -> Comparison:
    """Return the comparison of several modes."""
    found = compare(reported(*entries).modes)
    assert found is not None
    return found


def test_modes_stand_in_the_order_of_how_much_they_do() -> None:
    """A conversation in several modes counts in each; one mode is not compared."""
    modes = enumerate(("x", "pin", "fill", "observe"), 1)
    comparison = compared(*(entry(number, mode=mode) for number, mode in modes))

    assert [name for name, _ in comparison.modes] == ["observe", "fill", "pin", "x"]
    assert {(totals.turns, totals.conversations) for _, totals in comparison.modes} == {(1, 1)}
    assert compare(reported(entry(1), entry(2)).modes) is None


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
