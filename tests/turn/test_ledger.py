"""A ledger of a conversation: bounded, and exact for the latest turns."""

from codexcache.turn.ledger import EMPTY, Boundary, Condition, Count, with_boundary, with_conditions, with_counts


def test_boundaries_are_thinned_out_and_the_latest_are_all_there() -> None:
    known: tuple[Boundary, ...] = ()
    for turn in range(1, 1001):
        known = with_boundary(known, Boundary(turn, 1000 * turn, turn))
    turns = [boundary.turn for boundary in known]

    assert len(known) <= 64
    assert turns == sorted(turns)
    assert turns[-20:] == list(range(981, 1001))
    assert turns[0] == 1


def test_causes_are_counted_by_name() -> None:
    known = with_counts(with_counts((), ["hit"]), ["tools_changed", "date"])
    ledger = EMPTY._replace(causes=with_counts(known, ["hit"]))

    assert ledger.causes == (Count("hit", 2), Count("tools_changed", 1), Count("date", 1))
    assert [ledger.count(name) for name in ("hit", "date", "idle")] == [2, 1, 0]


def test_a_condition_is_a_habit_once_as_many_turns_hit_with_it_as_missed() -> None:
    known = with_conditions((), ["session_changed"], read=False)
    ledger = EMPTY._replace(conditions=with_conditions(known, ["session_changed"], read=True))

    assert ledger.condition("session_changed") == Condition("session_changed", 2, 1)
    assert [condition.is_habit for condition in (*known, *ledger.conditions)] == [False, True]
    assert ledger.condition("key_replaced") is None
