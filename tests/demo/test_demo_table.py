"""What the demo prints at its end."""

from codex_demo import table
from codex_demo.usage import Arm, Usage

BARE = Arm(transport="HTTP", addon=False, turns=(Usage(2000, 0), Usage(2100, 0)))
KEPT = Arm(transport="HTTP", addon=True, turns=(Usage(2000, 0), Usage(2100, 1995)))


def test_the_table_has_a_row_for_each_turn_and_the_rates() -> None:
    _title, _blank, *rows = table.render([BARE, KEPT]).splitlines()

    assert [row.split() for row in rows[:6]] == [
        ["HTTP", "without", "HTTP", "with"],
        ["turn", "input", "cached", "input", "cached"],
        ["1", "2,000", "0", "2,000", "0"],
        ["2", "2,100", "0", "2,100", "1,995"],
        ["all", "turns", "0.0%", "48.7%"],
        ["warm", "turns", "0.0%", "95.0%"],
    ]


def test_it_says_that_it_is_a_model() -> None:
    assert all(table.LABEL in line for line in (table.render([BARE, KEPT]).splitlines()[0], table.closing([BARE])))


def test_the_last_sentence_says_what_was_shown() -> None:
    said = "The same conversation read 0.0% of its warm input tokens from the cache without the addon and 95.0% with it"

    assert table.closing([BARE, KEPT]) == f"{said} ({table.LABEL})."


def test_or_that_it_was_not() -> None:
    useless = Arm(transport="HTTP", addon=True, turns=BARE.turns)

    assert table.closing([BARE, useless]).startswith("The addon did not make the difference")


def test_rates_that_differ_are_a_range() -> None:
    arms = [BARE, KEPT, Arm(transport="B", addon=False, turns=BARE.turns)]
    arms.append(Arm(transport="B", addon=True, turns=(Usage(2000, 0), Usage(2000, 2000))))

    assert "95.0% to 100.0% with it" in table.closing(arms)
