"""The bytes that turns left with: what they cost, and what is forgotten first."""

from codexcache.repair.memory import Conversation, Held, Memory
from codexcache.repair.plan import Sent
from codexcache.turn.cache_key import CacheKey, EarlierTurn


def turn(line: bytes, place: int = 0) -> EarlierTurn:
    """Return what is remembered of a turn."""
    key = CacheKey(key="k", source="session")
    return EarlierTurn(
        cache_key=key,
        ids=(None, None, None),
        own_id=None,
        opening=0,
        instructions=0,
        input_digest=0,
        line=line,
        place=place,
    )


def sent(*sizes: int, tools: int = 0) -> Sent:
    """Return a turn with items of these sizes."""
    return Sent(tools=b"t" * tools, items=tuple(b"i" * size for size in sizes))


def test_a_turn_is_found_by_its_line_and_its_place() -> None:
    memory, conversation = Memory(), Conversation("client", 0)
    memory.hold(turn(b"a"), one := Held(sent(10), "m", conversation), None)
    memory.hold(turn(b"a", 1), two := Held(sent(20), "m", conversation), one.sent)

    assert (memory.get(turn(b"a")), memory.get(turn(b"a", 1)), memory.get(turn(b"b"))) == (one, two, None)
    assert [*memory] == [conversation]


def test_what_turns_share_is_counted_once() -> None:
    memory, conversation = Memory(), Conversation("client", 0)
    first = sent(1_000, 2_000, tools=500)
    again = Sent(tools=first.tools, items=(*first.items, b"i" * 30))
    memory.hold(turn(b"a"), Held(first, "m", conversation), None)
    before = memory.size
    memory.hold(turn(b"a", 1), Held(again, "m", conversation), first)

    assert 3_500 < before < 3_700
    assert memory.size - before < 150
    assert memory.size == conversation.size


def test_the_conversation_that_was_used_longest_ago_is_forgotten_as_a_whole() -> None:
    memory = Memory(limit=10_000)
    conversations = [Conversation(str(number), 0) for number in range(6)]
    for number, conversation in enumerate(conversations):
        memory.hold(turn(bytes([number])), Held(sent(1_900), "m", conversation), None)

    assert [*memory] == conversations[1:]
    assert memory.get(turn(b"\0")) is None
    assert memory.size == sum(each.size for each in conversations[1:]) <= 10_000


def test_a_conversation_that_is_too_large_is_not_held() -> None:
    memory, conversation = Memory(limit=10_000), Conversation("client", 0)
    memory.hold(turn(b"a"), Held(sent(9_000), "m", conversation), None)

    assert ([*memory], memory.size, memory.get(turn(b"a"))) == ([], 0, None)


def test_of_a_conversation_that_has_grown_too_large_the_latest_turn_is_held() -> None:
    memory, conversation = Memory(limit=10_000), Conversation("client", 0)
    for place in range(3):
        memory.hold(turn(b"a", place), Held(sent(1_000), "m", conversation), None)

    assert [memory.get(turn(b"a", place)) is not None for place in range(3)] == [False, False, True]
    assert [*memory] == [conversation]
    assert 1_000 < memory.size == conversation.size < 1_100


def test_of_a_long_conversation_the_oldest_turns_are_forgotten() -> None:
    memory, conversation = Memory(), Conversation("client", 0)
    for place in range(80):
        memory.hold(turn(b"a", place), Held(sent(1), "m", conversation), None)

    assert memory.get(turn(b"a", 15)) is None
    assert memory.get(turn(b"a", 16)) is not None
    assert len(conversation.names) == 64
