"""Which remembered turn a new one is compared with."""

from dataclasses import replace

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.predecessor import match_of
from codexcache.turn.prompt import read_outputs
from codexcache.turn.record import Route
from support.records import ITEMS, Found, found, now, record, remembering, route, turns
from support.turns import said, user

COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}
GROWN = ITEMS[:1], ITEMS[:3], ITEMS[:5]
LONGER = [*ITEMS, said("assistant", "f"), user("g")]
EDITED = [*ITEMS[:3], said("assistant", "edited"), ITEMS[4], said("assistant", "f"), user("g"), user("h")]


@pytest.mark.parametrize(
    ("earlier", "mine", "expected"),
    [
        pytest.param(GROWN, [*ITEMS, user("f")], (3, 5), id="the turn that is extended furthest"),
        pytest.param((), ITEMS, None, id="none for the first turn"),
        pytest.param((ITEMS[:1], ITEMS[:1]), ITEMS, (2, 1), id="the latest of equal turns"),
        pytest.param(GROWN, [*ITEMS[:3], said("assistant", "o"), user("x")], (2, 3), id="where a turn goes back to"),
        pytest.param((*GROWN, LONGER), EDITED, (4, 3), id="what was edited"),
        pytest.param(GROWN, [ITEMS[0], COMPACTION, user("x")], (3, 1), id="the latest for a compacted history"),
        pytest.param(GROWN, [COMPACTION, user("x")], (3, 0), id="also if it begins with its summary"),
    ],
)
def test_the_predecessor_is(earlier: tuple[list[Json], ...], mine: list[Json], expected: Found) -> None:
    assert found(remembering(*turns(*earlier)), now(mine)) == expected


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        pytest.param([*ITEMS[:3], user("x")], (1, 3), id="half of it and more"),
        pytest.param([*ITEMS[:2], user("x")], None, id="less than half"),
        pytest.param([ITEMS[0], user("x"), *ITEMS[3:]], (1, 1), id="less than half, but the rest stands again"),
        pytest.param(ITEMS[:3], (1, 3), id="cut at its end"),
        pytest.param(ITEMS[2:], (1, 0), id="cut at its front"),
        pytest.param([user("edited"), *ITEMS[1:]], (1, 0), id="edited at its front"),
        pytest.param([user("x"), user("y")], None, id="nothing in common"),
        pytest.param([], None, id="nothing at all"),
    ],
)
def test_a_partial_head_needs_evidence(mine: list[Json], expected: Found) -> None:
    assert found(remembering(*turns(ITEMS)), now(mine)) == expected


@pytest.mark.parametrize("other", [{"key": "k2"}, {"session": "s2"}, {"thread": "t2"}], ids=str)
def test_a_partial_head_of_another_identity_needs_an_answer_in_it(other: dict[str, str]) -> None:
    opening = [said("developer", "d"), user("environment")]
    history = remembering(record(1, [*opening, user("a")], via=route(thread="t1")))
    answered = remembering(record(1, [*opening, user("a"), said("assistant", "b"), user("c")], via=route(thread="t1")))
    via = route(**{"thread": "t1", **other})

    assert found(history, now([*opening, user("z")], via=via)) is None
    assert found(history, now([*opening, user("z")], via=route(thread="t1"))) == (1, 2)
    assert found(answered, now([*opening, user("a"), said("assistant", "b"), user("z")], via=via)) == (1, 4)


@pytest.mark.parametrize("change", [{"instructions": "j"}, {"tools": [{"name": "t"}]}], ids=str)
def test_a_history_cut_at_its_front_needs_the_same_head(change: Object) -> None:
    assert found(remembering(*turns(ITEMS)), now(ITEMS[2:], body=change)) is None
    assert found(remembering(*turns(ITEMS)), now(ITEMS[2:], via=route(key=None))) is None


BOB, BOB_WITH_THE_KEY = route(caller=b"bob", key="k2", session="s2"), route(caller=b"bob")
KEYLESS, KEYLESS_BOB = route(key=None), route(key=None, caller=b"bob")


@pytest.mark.parametrize(
    ("earlier", "before", "mine", "via", "expected"),
    [
        pytest.param(ITEMS[:3], route(), ITEMS, BOB, (1, 3), id="a whole history"),
        pytest.param(ITEMS[:1], route(), ITEMS, BOB, (1, 1), id="an opening that was answered"),
        pytest.param(ITEMS[:1], route(), ITEMS[:1], BOB, None, id="not an opening alone"),
        pytest.param(ITEMS[:1], route(), ITEMS[:1], BOB_WITH_THE_KEY, (1, 1), id="but with the key"),
        pytest.param(ITEMS, route(), ITEMS[:4], BOB, None, id="nor a part of a history"),
        pytest.param(ITEMS, route(), ITEMS[:4], BOB_WITH_THE_KEY, (1, 4), id="but that with the key, too"),
        pytest.param(ITEMS, KEYLESS, ITEMS[:4], KEYLESS_BOB, None, id="where neither has a key, they share none"),
    ],
)
def test_what_another_caller_shares_is_a_predecessor(
    earlier: list[Json], before: Route, mine: list[Json], via: Route, expected: Found
) -> None:
    assert found(remembering(record(1, earlier, via=before)), now(mine, via=via)) == expected


def test_a_turn_that_extends_its_own_is_not_compared_with_the_same_conversation_of_another_caller() -> None:
    bobs = record(1, ITEMS[:1], via=BOB)
    bobs.outputs = read_outputs(ITEMS[1:2], bobs.prompt)
    history = remembering(bobs, *[replace(other, number=other.number + 1) for other in turns(ITEMS[:1], ITEMS[:5])])

    assert found(history, now([*ITEMS, user("f")], via=BOB)) == (1, 1)


def test_a_match_is_whole_if_all_of_the_predecessor_stands_again() -> None:
    other = record(1, ITEMS[:3])

    assert match_of(record(2, ITEMS), other).whole
    assert not match_of(record(2, [*ITEMS[:2], user("x")]), other).whole
