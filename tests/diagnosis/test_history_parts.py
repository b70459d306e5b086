"""Branches of turns are listed once for all their turns; what turns have in common is counted once."""

from codexcache.body.json_splice import Object
from codexcache.diagnosis.history import SharedSizes
from codexcache.diagnosis.index import (
    LATEST,
    AnswerIndex,
    Branch,
    BranchIndex,
    head_of,
    ids_of,
    power,
    powers,
    session_of,
)
from codexcache.turn.item_list import Item, Items
from codexcache.turn.prompt import Prompt
from codexcache.turn.record import Record
from support.records import answered, record, route
from support.turns import conversation, said, user

ITEMS = conversation(*"abcdefghij")


def branch_of(branches: BranchIndex, *records: Record) -> Branch:
    """Return a branch of these turns."""
    branch = Branch()
    for one in records:
        branches.append(branch, one)
    return branch


def grown(*lengths: int) -> list[Record]:
    """Return turns of one conversation with so many items."""
    return [record(number, ITEMS[:length]) for number, length in enumerate(lengths, 1)]


def numbers(branches: BranchIndex, *entries: object) -> list[int]:
    return [one.number for branch in dict.fromkeys(branches.under(entries)) for one in branch.latest()]


def test_a_branch_is_listed_under_its_ids_its_tools_and_instructions_and_the_heads_of_powers_of_two() -> None:
    branches, turns = BranchIndex(), grown(3, 5)
    branch = branch_of(branches, *turns)
    items = turns[-1].prompt.items

    heads = [items.prefix_digest(count) for count in (1, 2, 4)]
    assert branch.entries == [*ids_of(turns[0]), head_of(turns[0]), session_of(turns[0]), *heads]
    assert [numbers(branches, entry) for entry in branch.entries] == [[1, 2]] * 6
    assert numbers(branches, *branch.entries) == [1, 2]
    assert numbers(branches, items.prefix_digest(3)) == []
    assert [powers(count) for count in (0, 1, 2, 5, 8)] == [[], [1], [1, 2], [1, 2, 4], [1, 2, 4, 8]]
    assert [power(count) for count in (1, 2, 3, 4, 7, 8)] == [1, 2, 2, 4, 4, 8]


def test_only_ids_that_a_turn_has_are_entries() -> None:
    assert ids_of(record(via=route(thread="t"))) == [("thread", "t"), ("key", "k")]
    assert ids_of(record(via=route(key=None))) == []


def test_a_branch_is_listed_under_the_first_sessions_of_its_turns() -> None:
    branches, turns = BranchIndex(), grown(*[1] * 20)
    for number, turn in enumerate(turns):
        turn.route = route(session=f"s{number // 2}" if number else None)
    branch = branch_of(branches, *turns)

    sessions = [entry for entry in branch.entries if isinstance(entry, tuple) and entry[0] == "session"]
    assert sessions == [("session", f"s{number}") for number in range(10)]
    assert numbers(branches, session_of(turns[-1])) == numbers(branches, session_of(turns[1])) != []
    assert numbers(branches, session_of(turns[0])) == []


def test_of_a_long_branch_the_latest_turns_are_looked_at() -> None:
    branches, turns = BranchIndex(), grown(*[1] * 40)
    branch_of(branches, *turns)

    assert numbers(branches, *ids_of(turns[0])) == list(range(41 - LATEST, 41))


def test_a_branch_without_turns_is_listed_nowhere() -> None:
    branches, turns = BranchIndex(), grown(3, 5)
    branch = branch_of(branches, *turns)
    entries = list(branch.entries)
    branches.remove(branch, turns[1])
    assert [numbers(branches, entry) for entry in entries] == [[1]] * len(entries)
    branches.remove(branch, turns[0])

    assert numbers(branches, *entries) == []


def test_of_many_branches_with_one_head_the_one_that_rested_longest_is_not_found() -> None:
    """It is still found by what else it is listed under, and forgotten without trouble."""
    branches, made = BranchIndex(), dict[int, Branch]()
    for number in range(1, LATEST + 1):
        made[number] = branch_of(branches, record(number, ITEMS[:1], via=route(key=str(number))))
    branches.append(made[1], record(90, ITEMS[:2], via=route(key="1")))
    branch_of(branches, record(91, ITEMS[:1], via=route(key="91")))
    head = record(0, ITEMS[:1]).prompt.items.prefix_digest(1)

    assert 2 not in numbers(branches, head)
    assert {1, 3, 90, 91} <= {*numbers(branches, head)}
    assert numbers(branches, ("key", "2")) == [2]
    branches.remove(made[2], made[2].records[0])
    assert numbers(branches, ("key", "2")) == []


# Turns by their answers.

LONG, SHORT = said("assistant", "It is a sentence of some length."), said("assistant", "Done.")


def test_a_turn_is_found_by_its_answer_wherever_that_stands() -> None:
    answers, made = AnswerIndex(), answered(record(1, [user("a")]), LONG)
    answers.add(made)

    assert [*answers.find(record(2, [user("x"), LONG, user("y")]))] == [made]
    assert [*answers.find(record(2, [user("x"), user("y")]))] == []


def test_a_short_answer_finds_a_turn_only_behind_the_same_opening() -> None:
    answers, made = AnswerIndex(), answered(record(1, [user("a")]), SHORT)
    answers.add(made)

    assert [*answers.find(record(2, [said("developer", "d"), user("a"), SHORT]))] == [made]
    assert [*answers.find(record(2, [user("x"), SHORT]))] == []


def test_a_turn_that_is_taken_out_is_found_by_no_answer() -> None:
    answers, made = AnswerIndex(), [answered(record(number, [user("a")]), LONG, SHORT) for number in (1, 2)]
    counts = [answers.add(one) for one in made]
    assert (counts, answers.remove(made[0])) == ([2, 2], 2)

    assert [*answers.find(record(3, [user("x"), LONG]))] == made[1:]


# What turns have in common is counted once, and as long as any of them is remembered.


def items(count: int) -> list[Item]:
    return [Item(number, "reasoning", 1, number) for number in range(count)]


def with_items(items: Items) -> Record:
    """Return a turn with these items, and with the prompt prefix of all others."""
    made = record()
    made.prompt = Prompt(prefix=made.prompt.prefix, items=items, length=len(items))
    return made


def test_an_agents_prefix_is_counted_once_and_let_go_with_its_last_turn() -> None:
    shared = SharedSizes()
    body: Object = {"tools": [{"type": "function", "name": f"tool-{n}"} for n in range(50)], "instructions": "i" * 9000}
    one, other = record(1, body=body), record(2, body=body)
    shared.take(one)
    shared.take(other)

    assert one.prompt.prefix is other.prompt.prefix
    assert 9000 < shared.size < 30_000
    shared.drop(one)
    assert shared.size > 9000
    shared.drop(other)
    assert shared.size == 0


def test_arrays_are_counted_as_far_as_they_have_grown() -> None:
    shared, first = SharedSizes(), Items(items(100))
    shared.take(with_items(first))
    before = shared.size
    longer = first.followed_by(items(50))
    shared.take(with_items(longer))

    assert longer.arrays is first.arrays
    assert 100 * 32 < before < shared.size < 2 * before
    shared.drop(with_items(first))
    assert shared.size > before
    shared.drop(with_items(longer))
    assert shared.size == 0


def test_another_conversations_arrays_are_counted_apart() -> None:
    shared = SharedSizes()
    records = [record(items=[{"type": "reasoning", "id": str(n)} for n in range(100)]) for _ in range(3)]
    for one in records:
        shared.take(one)
    assert shared.size > 3 * 100 * 32
