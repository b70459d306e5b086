"""Which remembered turn a new one is compared with."""

from dataclasses import replace

import pytest
from codexcache.causes.history import History
from codexcache.causes.predecessor import Match
from codexcache.turns.prompt import read_outputs
from codexcache.wire.document import Json, Object
from support.histories import ITEMS, found, now, remembering, turns
from support.records import record, route
from support.turns import said, user

COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}
TITLE: Object = {"instructions": "Make a title.", "tools": []}
AGENT: Object = {"instructions": "Be an agent.", "tools": [{"type": "function", "name": "shell"}]}


def test_a_turn_goes_on_with_the_one_that_it_extends_furthest() -> None:
    history = remembering(*turns(ITEMS[:1], ITEMS[:3], ITEMS[:5]))

    assert found(history, now([*ITEMS, user("f")])) == (3, 5)


def test_nothing_is_the_predecessor_of_the_first_turn() -> None:
    assert found(History(), now(ITEMS)) is None


def test_of_equal_turns_the_latest_counts() -> None:
    assert found(remembering(*turns(ITEMS[:1], ITEMS[:1])), now(ITEMS)) == (2, 1)


def test_a_turn_that_goes_back_is_compared_with_where_it_goes_back_to() -> None:
    history = remembering(*turns(ITEMS[:1], ITEMS[:3], ITEMS[:5]))

    assert found(history, now([*ITEMS[:3], said("assistant", "other"), user("x")])) == (2, 3)


def test_an_edited_history_is_compared_with_what_was_edited() -> None:
    history = remembering(*turns(ITEMS[:1], ITEMS[:3], ITEMS[:5], [*ITEMS, said("assistant", "f"), user("g")]))
    edited = [*ITEMS[:3], said("assistant", "edited"), ITEMS[4], said("assistant", "f"), user("g"), user("h")]

    assert found(history, now(edited)) == (4, 3)


def test_a_compacted_history_is_compared_with_the_latest() -> None:
    history = remembering(*turns(ITEMS[:1], ITEMS[:3], ITEMS[:5]))

    assert found(history, now([ITEMS[0], COMPACTION, user("x")])) == (3, 1)
    assert found(history, now([COMPACTION, user("x")])) == (3, 0)


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
def test_a_partial_head_needs_evidence(mine: list[Json], expected: tuple[int, int] | None) -> None:
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


def test_what_sets_an_agent_up_is_no_conversation() -> None:
    history = remembering(record(1, [said("developer", "d"), user("a")]))

    assert found(history, now([said("developer", "d"), user("b")])) is None


@pytest.mark.parametrize("change", [{"instructions": "j"}, {"tools": [{"name": "t"}]}], ids=str)
def test_a_history_cut_at_its_front_needs_the_same_head(change: Object) -> None:
    assert found(remembering(*turns(ITEMS)), now(ITEMS[2:], body=change)) is None
    assert found(remembering(*turns(ITEMS)), now(ITEMS[2:], via=route(key=None))) is None


def test_a_title_request_is_another_agent() -> None:
    history = remembering(*turns(ITEMS[:1], body=AGENT))

    assert found(history, now(ITEMS[:1], body=TITLE)) is None
    assert found(history, now(ITEMS[:1], body={**AGENT, "tools": []})) == (1, 1)
    assert found(history, now(ITEMS[:1], body={**TITLE, "tools": AGENT["tools"]})) == (1, 1)


BOB = route(caller=b"bob", key="k2", session="s2")


def test_another_callers_whole_history_is_a_predecessor() -> None:
    history = remembering(*turns(ITEMS[:3]))

    assert found(history, now(ITEMS, via=BOB)) == (1, 3)


def test_another_callers_opening_is_none() -> None:
    history = remembering(*turns(ITEMS[:1]))

    assert found(history, now(ITEMS[:1], via=BOB)) is None
    assert found(history, now(ITEMS[:1], via=route(caller=b"bob"))) == (1, 1)
    assert found(history, now(ITEMS, via=BOB)) == (1, 1)


def test_a_turn_that_goes_on_with_its_own_is_not_compared_with_the_same_conversation_of_another_caller() -> None:
    bobs = record(1, ITEMS[:1], via=BOB)
    bobs.outputs = read_outputs(ITEMS[1:2], bobs.prompt)
    history = remembering(bobs, *[replace(other, number=other.number + 1) for other in turns(ITEMS[:1], ITEMS[:5])])

    assert found(history, now([*ITEMS, user("f")], via=BOB)) == (1, 1)


def test_another_caller_who_was_answered_otherwise_has_another_conversation() -> None:
    first = record(1, ITEMS[:1])
    first.outputs = read_outputs([said("assistant", "something else")], first.prompt)

    assert found(remembering(first), now(ITEMS, via=BOB)) is None


def test_another_callers_partial_head_needs_the_key() -> None:
    history = remembering(*turns(ITEMS))

    assert found(history, now(ITEMS[:4], via=BOB)) is None
    assert found(history, now(ITEMS[:4], via=route(caller=b"bob"))) == (1, 4)


def test_callers_without_a_key_do_not_share_one() -> None:
    history = remembering(record(1, ITEMS, via=route(key=None)))

    assert found(history, now(ITEMS[:4], via=route(key=None, caller=b"bob"))) is None


def test_among_conversations_with_one_opening_the_answer_tells() -> None:
    one, other = record(1, ITEMS[:1], at=0.0), record(2, ITEMS[:1], at=10.0)
    one.outputs = read_outputs([ITEMS[1]], one.prompt)
    other.outputs = read_outputs([said("assistant", "something else")], other.prompt)

    assert found(remembering(one, other), now(ITEMS)) == (1, 1)


def test_among_conversations_with_one_opening_identity_tells() -> None:
    history = remembering(
        record(1, ITEMS[:1], at=0.0), record(2, ITEMS[:1], at=10.0, via=route(session="s2", key="k2"))
    )

    assert found(history, now(ITEMS)) == (1, 1)


def test_a_match_is_whole_if_all_of_the_predecessor_stands_again() -> None:
    other = record(1, ITEMS[:3])

    assert Match(record=other, head=3).whole
    assert not Match(record=other, head=2).whole
