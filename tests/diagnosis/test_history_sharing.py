"""What turns have in common is counted once, and as long as any of them is remembered."""

from codexcache.body.json_splice import Object
from codexcache.diagnosis.history import SharedSizes
from codexcache.turn.item_list import Item, Items
from codexcache.turn.prompt import Prompt
from codexcache.turn.record import Record
from support.records import record


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
    assert 100 * 36 < before < shared.size < 2 * before
    shared.drop(with_items(first))
    assert shared.size > before
    shared.drop(with_items(longer))
    assert shared.size == 0


def test_another_conversations_arrays_are_counted_apart() -> None:
    shared = SharedSizes()
    for _ in range(3):
        shared.take(record(items=[{"type": "reasoning", "id": str(n)} for n in range(100)]))
    assert shared.size > 3 * 100 * 36
