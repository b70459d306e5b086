"""Lines of turns are listed once for all their turns; what turns have in common is counted once."""

from codexcache.body.json_splice import Object
from codexcache.diagnosis.history import LATEST, Branch, BranchIndex, SharedSizes, key_of, power, powers
from codexcache.turn.item_list import Item, Items
from codexcache.turn.prompt import Prompt
from codexcache.turn.record import Record
from support.records import record, route
from support.turns import conversation

ITEMS = conversation(*"abcdefghij")


def line_of(lines: BranchIndex, *records: Record) -> Branch:
    """Return a line of these turns."""
    line = Branch()
    for one in records:
        lines.append(line, one)
    return line


def grown(*lengths: int) -> list[Record]:
    """Return turns of one conversation with so many items."""
    return [record(number, ITEMS[:length]) for number, length in enumerate(lengths, 1)]


def numbers(lines: BranchIndex, *entries: object) -> list[int]:
    return [found.number for found in lines.under(entries)]


def test_a_line_is_listed_under_its_key_and_the_heads_of_powers_of_two() -> None:
    lines, turns = BranchIndex(), grown(3, 5)
    line = line_of(lines, *turns)
    items = turns[-1].prompt.items

    assert line.entries == [key_of(turns[0]), items.prefix_digest(1), items.prefix_digest(2), items.prefix_digest(4)]
    assert [numbers(lines, entry) for entry in line.entries] == [[1, 2]] * 4
    assert numbers(lines, *line.entries) == [1, 2]
    assert numbers(lines, items.prefix_digest(3)) == []
    assert [powers(count) for count in (0, 1, 2, 5, 8)] == [[], [1], [1, 2], [1, 2, 4], [1, 2, 4, 8]]
    assert [power(count) for count in (1, 2, 3, 4, 7, 8)] == [1, 2, 2, 4, 4, 8]


def test_of_a_long_line_the_latest_turns_are_looked_at() -> None:
    lines, turns = BranchIndex(), grown(*[1] * 40)
    line_of(lines, *turns)

    assert numbers(lines, key_of(turns[0])) == list(range(41 - LATEST, 41))


def test_a_line_without_turns_is_listed_nowhere() -> None:
    lines, turns = BranchIndex(), grown(3, 5)
    line = line_of(lines, *turns)
    entries = list(line.entries)
    lines.remove(line, turns[1])
    assert [numbers(lines, entry) for entry in entries] == [[1]] * len(entries)
    lines.remove(line, turns[0])

    assert numbers(lines, *entries) == []


def test_of_many_lines_with_one_head_the_one_that_rested_longest_is_not_found() -> None:
    """It is still found by what else it is listed under, and forgotten without trouble."""
    lines, made = BranchIndex(), dict[int, Branch]()
    for number in range(1, LATEST + 1):
        made[number] = line_of(lines, record(number, ITEMS[:1], via=route(key=str(number))))
    lines.append(made[1], record(90, ITEMS[:2], via=route(key="1")))
    line_of(lines, record(91, ITEMS[:1], via=route(key="91")))
    head = record(0, ITEMS[:1]).prompt.items.prefix_digest(1)

    assert 2 not in numbers(lines, head)
    assert {1, 3, 90, 91} <= {*numbers(lines, head)}
    assert numbers(lines, ("key", "2")) == [2]
    lines.remove(made[2], made[2].records[0])
    assert numbers(lines, ("key", "2")) == []


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
