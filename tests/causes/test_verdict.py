"""The verdict on a turn, and what it is heading for."""

from support.records import foreseen, match, record
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c", "d", "e", "f", "g", "h", "i")


def test_nothing_is_foreseen_for_a_pure_append_nor_for_a_turn_that_goes_back() -> None:
    first = record(1, ITEMS[:7], tokens=20_000)

    for items in (ITEMS, ITEMS[:3]):
        mine = record(2, items, at=10.0, took=None)
        assert foreseen(mine, match(mine, first), 1) is None


def test_a_cold_start_is_foreseen() -> None:
    assert str(foreseen(record(1, ITEMS, took=None), None)) == "cold: no earlier turn of this conversation is known"


def test_an_edit_near_the_end_is_not_worth_a_warning() -> None:
    long = conversation(*(str(n) for n in range(99)))
    first = record(1, long, tokens=100_000)
    mine = record(2, [*long[:98], user("x")], at=10.0, took=None)

    assert foreseen(mine, match(mine, first), 1) is None


def test_what_is_foreseen_is_said_with_its_reason() -> None:
    first = record(1, ITEMS[:7], tokens=20_000, body={"model": "one"})
    mine = record(2, ITEMS, at=10.0, took=None, body={"model": "two"})

    assert str(foreseen(mine, match(mine, first), 1)) == "model_changed: the model went from one to two"
