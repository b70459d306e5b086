"""Which remembered turn a new one is compared with, and how much memory that takes."""

import gc
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import pytest
from codexcache.columns import Item, Items, digest
from codexcache.document import Json, Object
from codexcache.history import MEMORY, History, Shared
from codexcache.predecessor import Match
from codexcache.prompt import read_outputs, read_prompt
from codexcache.record import Record, Usage
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.records import record, route
from support.turns import conversation, said, user

TALK = conversation("a", "b", "c", "d", "e")
COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}
TITLE: Object = {"instructions": "Make a title.", "tools": []}
AGENT: Object = {"instructions": "Be an agent.", "tools": [{"type": "function", "name": "shell"}]}


def remembering(*records: Record, limit: int = 1 << 20) -> History:
    """Return a history of turns, each with what it was found to go on with."""
    history = History(limit)
    for one in records:
        found = history.predecessor(one)
        one.conversation = found.record.conversation if found else one.number
        history.add(one, found)
    return history


def found(history: History, mine: Record) -> tuple[int, int] | None:
    """Return the number of the predecessor and how many items they share."""
    match = history.predecessor(mine)
    return (match.record.number, match.head) if match else None


def turns(*inputs: Sequence[Json], body: Object | None = None) -> list[Record]:
    """Return turns that follow one another."""
    return [record(n, given, at=10.0 * n, body=body) for n, given in enumerate(inputs, 1)]


def now(items: Sequence[Json], body: Object | None = None, **given: object) -> Record:
    return record(99, items, at=1000.0, body=body, **given)  # type: ignore[arg-type]


def test_a_turn_goes_on_with_the_one_that_it_extends_furthest() -> None:
    history = remembering(*turns(TALK[:1], TALK[:3], TALK[:5]))

    assert found(history, now([*TALK, user("f")])) == (3, 5)


def test_nothing_is_the_predecessor_of_the_first_turn() -> None:
    assert found(History(), now(TALK)) is None


def test_of_equal_turns_the_latest_counts() -> None:
    assert found(remembering(*turns(TALK[:1], TALK[:1])), now(TALK)) == (2, 1)


def test_a_turn_that_goes_back_is_compared_with_where_it_goes_back_to() -> None:
    history = remembering(*turns(TALK[:1], TALK[:3], TALK[:5]))

    assert found(history, now([*TALK[:3], said("assistant", "other"), user("x")])) == (2, 3)


def test_an_edited_history_is_compared_with_what_was_edited() -> None:
    history = remembering(*turns(TALK[:1], TALK[:3], TALK[:5], [*TALK, said("assistant", "f"), user("g")]))
    edited = [*TALK[:3], said("assistant", "edited"), TALK[4], said("assistant", "f"), user("g"), user("h")]

    assert found(history, now(edited)) == (4, 3)


def test_a_compacted_history_is_compared_with_the_latest() -> None:
    history = remembering(*turns(TALK[:1], TALK[:3], TALK[:5]))

    assert found(history, now([TALK[0], COMPACTION, user("x")])) == (3, 1)
    assert found(history, now([COMPACTION, user("x")])) == (3, 0)


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        pytest.param([*TALK[:3], user("x")], (1, 3), id="half of it and more"),
        pytest.param([*TALK[:2], user("x")], None, id="less than half"),
        pytest.param([TALK[0], user("x"), *TALK[3:]], (1, 1), id="less than half, but the rest stands again"),
        pytest.param(TALK[:3], (1, 3), id="cut at its end"),
        pytest.param(TALK[2:], (1, 0), id="cut at its front"),
        pytest.param([user("edited"), *TALK[1:]], (1, 0), id="edited at its front"),
        pytest.param([user("x"), user("y")], None, id="nothing in common"),
        pytest.param([], None, id="nothing at all"),
    ],
)
def test_a_partial_head_needs_evidence(mine: list[Json], expected: tuple[int, int] | None) -> None:
    assert found(remembering(*turns(TALK)), now(mine)) == expected


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
    assert found(remembering(*turns(TALK)), now(TALK[2:], body=change)) is None
    assert found(remembering(*turns(TALK)), now(TALK[2:], via=route(key=None))) is None


def test_a_title_request_is_another_agent() -> None:
    history = remembering(*turns(TALK[:1], body=AGENT))

    assert found(history, now(TALK[:1], body=TITLE)) is None
    assert found(history, now(TALK[:1], body={**AGENT, "tools": []})) == (1, 1)
    assert found(history, now(TALK[:1], body={**TITLE, "tools": AGENT["tools"]})) == (1, 1)


BOB = route(caller=b"bob", key="k2", session="s2")


def test_another_callers_whole_history_is_a_predecessor() -> None:
    history = remembering(*turns(TALK[:3]))

    assert found(history, now(TALK, via=BOB)) == (1, 3)


def test_another_callers_opening_is_none() -> None:
    history = remembering(*turns(TALK[:1]))

    assert found(history, now(TALK[:1], via=BOB)) is None
    assert found(history, now(TALK[:1], via=route(caller=b"bob"))) == (1, 1)
    assert found(history, now(TALK, via=BOB)) == (1, 1)


def test_a_turn_that_goes_on_with_its_own_is_not_compared_with_the_same_conversation_of_another_caller() -> None:
    bobs = record(1, TALK[:1], via=BOB)
    bobs.outputs = read_outputs(TALK[1:2], bobs.prompt)
    history = remembering(bobs, *[replace(other, number=other.number + 1) for other in turns(TALK[:1], TALK[:5])])

    assert found(history, now([*TALK, user("f")], via=BOB)) == (1, 1)


def test_another_caller_who_was_answered_otherwise_has_another_conversation() -> None:
    first = record(1, TALK[:1])
    first.outputs = read_outputs([said("assistant", "something else")], first.prompt)

    assert found(remembering(first), now(TALK, via=BOB)) is None


def test_another_callers_partial_head_needs_the_key() -> None:
    history = remembering(*turns(TALK))

    assert found(history, now(TALK[:4], via=BOB)) is None
    assert found(history, now(TALK[:4], via=route(caller=b"bob"))) == (1, 4)


def test_callers_without_a_key_do_not_share_one() -> None:
    history = remembering(record(1, TALK, via=route(key=None)))

    assert found(history, now(TALK[:4], via=route(key=None, caller=b"bob"))) is None


def test_among_conversations_with_one_opening_the_answer_tells() -> None:
    one, other = record(1, TALK[:1], at=0.0), record(2, TALK[:1], at=10.0)
    one.outputs = read_outputs([TALK[1]], one.prompt)
    other.outputs = read_outputs([said("assistant", "something else")], other.prompt)

    assert found(remembering(one, other), now(TALK)) == (1, 1)


def test_among_conversations_with_one_opening_identity_tells() -> None:
    history = remembering(record(1, TALK[:1], at=0.0), record(2, TALK[:1], at=10.0, via=route(session="s2", key="k2")))

    assert found(history, now(TALK)) == (1, 1)


def test_only_a_turn_that_had_ended_is_a_predecessor() -> None:
    history = remembering(record(1, TALK[:1], at=0.0, took=50.0))

    assert found(history, record(2, TALK, at=49.0)) is None
    assert found(history, record(2, TALK, at=50.0)) == (1, 1)


def test_the_turn_that_is_named_is_a_predecessor_if_it_was_counted() -> None:
    warm = record(1, [], warm_up=True)

    assert found(History(), now(TALK, named=warm)) == (1, 0)
    assert found(History(), now(TALK, named=record(1, [], tokens=None))) is None


def test_a_turn_that_goes_on_with_something_unknown_has_no_predecessor() -> None:
    assert found(remembering(*turns(TALK)), now(TALK, complete=False)) is None


def test_more_than_sixteen_turns_with_one_head_are_still_found_by_their_own() -> None:
    history = remembering(*(record(n, [user("hi"), user(str(n))], at=float(n), took=0.5) for n in range(1, 60)))

    assert [found(history, now([user("hi"), user(str(n)), user("x")])) for n in (1, 30, 59)] == [
        (1, 2),
        (30, 2),
        (59, 2),
    ]


small = st.lists(st.sampled_from([user("u"), user("v"), said("assistant", "a"), {"type": "reasoning"}]), max_size=6)


@prop
@given(st.lists(small, max_size=8), small)
def test_no_turn_that_is_extended_whole_is_overlooked(inputs: list[list[Json]], mine: list[Json]) -> None:
    records = turns(*inputs)
    match = remembering(*records).predecessor(now(mine))
    extended = [one for one in inputs if one and mine[: len(one)] == one]

    assert (match.head if match else 0) >= max((len(one) for one in extended), default=0)


@prop
@given(st.lists(small, max_size=8), small)
def test_the_predecessor_is_the_one_that_a_look_at_all_turns_finds(inputs: list[list[Json]], mine: list[Json]) -> None:
    records = turns(*inputs)
    history = remembering(*records)
    everything = History()
    everything._candidates = lambda record: iter(records)  # type: ignore[method-assign]

    assert found(history, now(mine)) == found(everything, now(mine))


def grown(number: int, items: Items, key: str) -> Record:
    """Return a turn with these items, made fast."""
    made = record(number, at=float(number), took=0.5, via=route(key=key, session=key))
    made.prompt = type(made.prompt)(
        **{name: getattr(made.prompt, name) for name in made.prompt.__slots__ if name not in ("items", "length")},
        items=items,
        length=len(items),
    )
    return made


def item(name: str) -> Item:
    return Item(digest(name.encode()), "user message", 100, 0)


def round_robin(history: History, conversations: int, count: int) -> int:
    """Play conversations by turns; return how many turns did not find their predecessor."""
    heads = [Items([item(f"{n}")]) for n in range(conversations)]
    lost = number = 0
    for turn in range(count):
        for n, head in enumerate(heads):
            number += 1
            made = grown(number, head, f"key-{n}")
            match = history.predecessor(made)
            lost += turn > 0 and (match is None or match.head != len(head) - 2)
            made.outputs = (item(f"{n} answer {turn}"),)
            history.add(made, match)
            heads[n] = head.followed_by([item(f"{n} answer {turn}"), item(f"{n} question {turn}")])
    return lost


def test_many_conversations_stay_within_the_bound_and_each_finds_its_predecessor() -> None:
    """40 conversations of 50 turns, and a 250th of the memory that is there for 10,000 of them."""
    limit = MEMORY // 250
    gc.collect()
    tracemalloc.start()
    try:
        history = History(limit)
        lost = round_robin(history, 40, 50)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert lost == 0
    assert used <= history.size <= limit
    assert len(history) < 40 * 50


def test_the_oldest_conversations_are_forgotten_first() -> None:
    history = History(100_000)
    round_robin(history, 50, 1)
    known = [history.predecessor(grown(99, Items([item(f"{n}"), item("x")]), f"key-{n}")) for n in range(50)]
    kept = [match is not None for match in known]

    assert 5 < sum(kept) < 45
    assert kept == sorted(kept)


def test_a_turn_that_was_gone_on_with_is_forgotten_before_the_last_of_another_conversation() -> None:
    history = remembering(record(1, [user("other")], at=0.0), limit=30_000)
    for number in range(2, 20):
        one = record(number, conversation(*"abcdefghijklmnopqrstuvwxyz"[:number]), at=10.0 * number)
        history.add(one, history.predecessor(one))

    assert len(history) < 10
    assert found(history, now([user("other"), user("x")])) == (1, 1)


def test_what_is_shared_is_counted_once_and_let_go_with_its_last_turn() -> None:
    shared = Shared()
    body: Object = {"tools": [{"type": "function", "name": f"tool-{n}"} for n in range(50)], "instructions": "i" * 9000}
    one, other = (shared.take(read_prompt(body)) for _ in range(2))

    assert one.tools is other.tools
    assert 9000 < shared.size < 30_000
    shared.drop(one)
    assert shared.size > 9000
    shared.drop(other)
    assert shared.size == 0


def test_instructions_that_change_on_each_turn_are_counted() -> None:
    history = History(300_000)
    for number in range(1, 40):
        body: Object = {"instructions": f"{number} " + "i" * 20_000}
        history.add(record(number, [user(str(number))], at=10.0 * number, body=body), None)

    assert len(history) < 14
    assert history.size <= 300_000


def test_finding_a_predecessor_stays_fast_in_a_long_history() -> None:
    """A history of 1,000 items takes no more than some times as long as one of 10."""

    def seconds(length: int) -> float:
        history, items = History(), Items([item(str(n)) for n in range(length)])
        for number in range(1, 60):
            made = grown(number, items, "k")
            history.add(made, history.predecessor(made))
            items = items.followed_by([item(f"a{number}"), item(f"q{number}")])
        last = grown(99, items, "k")
        took = []
        for _ in range(20):
            start = time.perf_counter()
            history.predecessor(last)
            took.append(time.perf_counter() - start)
        return min(took)

    assert seconds(1000) < 5 * seconds(10)


def test_a_match_is_whole_if_all_of_the_predecessor_stands_again() -> None:
    other = record(1, TALK[:3])

    assert Match(record=other, head=3).whole
    assert not Match(record=other, head=2).whole


def test_usage_is_kept_with_the_record() -> None:
    assert record(1, tokens=7, cached=None).usage == Usage(input=7, cached=None, output=100)
