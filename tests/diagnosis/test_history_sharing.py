"""What turns have in common is counted once, and as long as any of them is remembered."""

from codexcache.body.json_splice import Object
from codexcache.diagnosis.history import SharedArrays, SharedPrefixes
from codexcache.turn.item_list import Item, Items
from codexcache.turn.prompt import read_prompt


def items(count: int) -> list[Item]:
    return [Item(number, "reasoning", 1, number) for number in range(count)]


def test_an_agents_head_is_counted_once_and_let_go_with_its_last_turn() -> None:
    shared = SharedPrefixes()
    body: Object = {"tools": [{"type": "function", "name": f"tool-{n}"} for n in range(50)], "instructions": "i" * 9000}
    one, other = (read_prompt(body).prefix for _ in range(2))
    shared.take(one)
    shared.take(other)

    assert one is other
    assert 9000 < shared.size < 30_000
    shared.drop(one)
    assert shared.size > 9000
    shared.drop(other)
    assert shared.size == 0


def test_columns_are_counted_as_far_as_they_have_grown() -> None:
    shared, first = SharedArrays(), Items(items(100))
    shared.take(first)
    before = shared.size
    longer = first.followed_by(items(50))
    shared.take(longer)

    assert longer.arrays is first.arrays
    assert 100 * 36 < before < shared.size < 2 * before
    shared.drop(first)
    assert shared.size > before
    shared.drop(longer)
    assert shared.size == 0


def test_another_conversations_columns_are_counted_apart() -> None:
    shared = SharedArrays()
    for _ in range(3):
        shared.take(Items(items(100)))
    assert shared.size > 3 * 100 * 36
