"""What the demo makes of its counters: whether the addon made the difference, and how that is printed."""

from dataclasses import replace

import pytest
from codex_demo.__main__ import LABEL, Arm, closing, is_shown, render
from toolkit.conversation import Usage

COLD, WARM, MISSED = Usage(1000, 0), Usage(1000, 950), Usage(1000, 100)
BARE = Arm(transport="HTTP", addon=False, turns=(Usage(2000, 0), Usage(2100, 0)))
KEPT = Arm(transport="HTTP", addon=True, turns=(Usage(2000, 0), Usage(2100, 1995)))


@pytest.mark.parametrize(
    ("bare", "kept", "shown"), [(MISSED, WARM, True), (WARM, WARM, False), (MISSED, Usage(1000, 900), False)]
)
def test_the_difference_has_to_be_clear_on_every_transport(bare: Usage, kept: Usage, shown: bool) -> None:
    clear = [Arm(transport="A", addon=addon, turns=(COLD, warm)) for addon, warm in ((False, MISSED), (True, WARM))]
    other = [Arm(transport="B", addon=addon, turns=(COLD, warm)) for addon, warm in ((False, bare), (True, kept))]

    assert is_shown(clear + other) is shown


def test_the_table_says_that_it_is_a_model_and_has_a_row_for_each_turn_and_the_shares() -> None:
    title, _blank, *rows = render([BARE, KEPT]).splitlines()

    assert LABEL in title
    assert [row.split() for row in rows[:6]] == [
        ["HTTP", "without", "HTTP", "with"],
        ["turn", "input", "cached", "input", "cached"],
        ["1", "2,000", "0", "2,000", "0"],
        ["2", "2,100", "0", "2,100", "1,995"],
        ["all", "turns", "0.0%", "48.7%"],
        ["warm", "turns", "0.0%", "95.0%"],
    ]


def test_the_last_sentence_says_what_was_shown_and_that_it_is_a_model() -> None:
    said = "The same conversation read 0.0% of its warm input tokens from the cache without the addon and 95.0% with it"

    assert closing([BARE, KEPT]) == f"{said} ({LABEL})."


def test_or_that_it_was_not() -> None:
    said = closing([BARE, replace(BARE, addon=True)])

    assert said.startswith("The addon did not make the difference")
    assert LABEL in said


def test_shares_that_differ_are_a_range() -> None:
    others = [replace(BARE, transport="B"), replace(KEPT, transport="B", turns=(Usage(2000, 0), Usage(2000, 2000)))]

    assert "95.0% to 100.0% with it" in closing([BARE, KEPT, *others])
