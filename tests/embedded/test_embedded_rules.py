"""What the embedded backend takes, as data."""

from embedded_backend.rules import REFUSED, REQUIRED, Rules


def test_each_member_has_one_row() -> None:
    rows = [row.member for row in (*REFUSED, *REQUIRED)]

    assert sorted(set(rows)) == sorted(rows)


def test_an_ordinary_day_refuses_no_upgrade_and_fails_no_turn() -> None:
    rules = Rules()

    assert (rules.upgrade_status, rules.failures, rules.cut_after) == (None, (), None)
