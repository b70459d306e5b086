"""What is remembered of earlier turns: bounded, and each caller for itself."""

import pytest
from codexcache.body.json_splice import Json
from codexcache.turn.cache_key import CacheKey, KeyMemory
from codexcache.turn.request import Turn
from support.turns import Headers, conversation, said, turn, user

ALICE: Headers = {"authorization": "Bearer alice"}
BOB: Headers = {"authorization": "Bearer bob"}


def named(key: str) -> CacheKey:
    return CacheKey(key=key, source="session")


def remembering(*turns: tuple[str, Headers, list[Json]], limit: int = 100) -> KeyMemory:
    """Return a memory of turns, each given by its key, its headers and its input."""
    memory = KeyMemory(limit)
    for key, headers, items in turns:
        memory.remember(turn(headers, input=items), named(key))
    return memory


def gone_on_with(memory: KeyMemory, headers: Headers, *texts: str) -> str | None:
    """Return the key of the turn that this conversation goes on with."""
    cache_key = memory.key_of_extended_turn(turn(headers, input=conversation(*texts)))
    return cache_key.key if cache_key else None


def test_a_longer_input_goes_on_with_the_turn_that_it_extends() -> None:
    memory = remembering(("k", {}, conversation("a")))

    assert gone_on_with(memory, {}, "a", "b", "c") == "k"


def test_of_several_turns_the_one_that_is_extended_furthest_counts() -> None:
    memory = remembering(("far", {}, conversation("a", "b", "c")), ("near", {}, conversation("a")))

    assert gone_on_with(memory, {}, "a", "b", "c", "d") == "far"


@pytest.mark.parametrize("texts", [("b", "b"), ("a ", "b"), ("x", "a"), ()], ids=repr)
def test_an_input_that_does_not_extend_a_turn_goes_on_with_none(texts: tuple[str, ...]) -> None:
    memory = remembering(("k", {}, conversation("a")))

    assert gone_on_with(memory, {}, *texts) is None


def test_an_equal_input_goes_on_where_there_is_no_session() -> None:
    memory = remembering(("k", {}, conversation("a")))

    assert gone_on_with(memory, {}, "a") == "k"


def test_an_equal_input_with_a_session_does_not_go_on() -> None:
    memory = remembering(("k", {}, conversation("a")))

    assert gone_on_with(memory, {"session_id": "s"}, "a") is None


def test_among_equals_the_one_with_this_turns_session_counts() -> None:
    opening = conversation("a")
    memory = remembering(
        ("one", {"session_id": "s1"}, opening),
        ("two", {"session_id": "s2"}, opening),
        ("three", {"session_id": "s3"}, opening),
    )

    assert gone_on_with(memory, {"session_id": "s2"}, "a", "b") == "two"


def test_among_equals_without_this_turns_session_the_latest_counts() -> None:
    opening = conversation("a")
    memory = remembering(("one", {"session_id": "s1"}, opening), ("two", {"session_id": "s2"}, opening))

    assert gone_on_with(memory, {"session_id": "new"}, "a", "b") == "two"


def test_a_turn_that_is_sent_again_becomes_the_latest() -> None:
    opening = conversation("a")
    one, two = ("one", {"session_id": "s1"}, opening), ("two", {"session_id": "s2"}, opening)
    memory = remembering(one, two, one)

    assert gone_on_with(memory, {"session_id": "new"}, "a", "b") == "one"


def test_a_turn_that_is_sent_again_and_again_does_not_push_others_out() -> None:
    opening = conversation("a")
    one = ("one", {"session_id": "s1"}, opening)
    memory = remembering(one, *[("two", {"session_id": "s2"}, opening)] * 50)

    assert gone_on_with(memory, {"session_id": "s1"}, "a", "b") == "one"


def test_of_many_conversations_with_one_opening_the_oldest_are_forgotten() -> None:
    opening = conversation("a")
    memory = remembering(*((f"k{index}", {"session_id": f"s{index}"}, opening) for index in range(65)))

    assert gone_on_with(memory, {"session_id": "s1"}, "a", "b") == "k1"
    assert gone_on_with(memory, {"session_id": "s0"}, "a", "b") == "k64"


def test_another_callers_turn_is_not_gone_on_with() -> None:
    memory = remembering(("k", ALICE, conversation("a")))

    assert gone_on_with(memory, BOB, "a", "b") is None
    assert gone_on_with(memory, {}, "a", "b") is None
    assert gone_on_with(memory, ALICE, "a", "b") == "k"


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([], id="no input"),
        pytest.param([said("developer", "d")], id="a developer message alone"),
        pytest.param([user("")], id="an empty message"),
    ],
)
def test_an_input_without_a_user_message_cannot_be_gone_on_with(items: list[Json]) -> None:
    memory = remembering(("k", {}, items))

    assert memory.key_of_extended_turn(turn(input=[*items, user("a")])) is None


def test_a_turn_without_a_key_is_not_remembered() -> None:
    memory = KeyMemory()
    memory.remember(turn(input="a"), CacheKey(key=None, source="none"))

    assert gone_on_with(memory, {}, "a", "b") is None


def test_of_a_response_to_a_turn_without_a_key_it_is_known_that_there_is_none() -> None:
    memory = KeyMemory()
    memory.remember_response(turn(input="a"), "r", CacheKey(key=None, source="none"))

    assert memory.key_of_response(turn(previous_response_id="r")) == CacheKey(key=None, source="none")


@pytest.mark.parametrize("carried", [False, True])
def test_an_equal_input_of_another_agent_is_another_conversation(carried: bool) -> None:
    """It has instructions of its own, as a member or at the head of its input."""
    memory = KeyMemory()
    memory.remember(_as("You are A.", "hi", carried=carried), named("a"))

    assert memory.key_of_extended_turn(_as("You are B.", "hi", carried=carried)) is None
    assert memory.key_of_extended_turn(_as("You are A.", "hi", carried=carried)) == named("a")


@pytest.mark.parametrize("carried", [False, True])
def test_of_agents_with_one_opening_the_one_with_this_turns_instructions_counts(carried: bool) -> None:
    """Where none has, the latest: a date in them is not another conversation."""
    memory = KeyMemory()
    for agent in ("A", "B"):
        memory.remember(_as(f"You are {agent}.", "hi", carried=carried), named(agent))

    found = [memory.key_of_extended_turn(_as(f"You are {agent}.", "hi", "yes?", carried=carried)) for agent in "ABC"]
    assert found == [named("A"), named("B"), named("B")]


def _as(instructions: str, *texts: str, carried: bool) -> Turn:
    """Return a turn of an agent with these instructions."""
    if carried:
        return turn(input=[said("developer", instructions), *conversation(*texts)])
    return turn(None, {"instructions": instructions}, input=conversation(*texts))


def test_a_delta_is_not_the_whole_input_and_cannot_be_gone_on_with() -> None:
    memory = KeyMemory()
    memory.remember(turn(input=conversation("a"), previous_response_id="r"), named("k"))

    assert gone_on_with(memory, {}, "a", "b") is None


def test_the_turn_of_a_response_is_found_by_its_id() -> None:
    memory = KeyMemory()
    memory.remember_response(turn(ALICE), "r", named("k"))

    assert memory.key_of_response(turn(ALICE, previous_response_id="r")) == named("k")
    assert memory.key_of_response(turn(ALICE, previous_response_id="other")) is None
    assert memory.key_of_response(turn(ALICE)) is None


def test_another_callers_response_is_not_found() -> None:
    memory = KeyMemory()
    memory.remember_response(turn(ALICE), "r", named("k"))

    assert memory.key_of_response(turn(BOB, previous_response_id="r")) is None


def test_the_memory_is_bounded() -> None:
    memory = remembering(*((str(index), {}, conversation(str(index))) for index in range(4)), limit=3)

    assert [gone_on_with(memory, {}, str(index), "b") for index in range(4)] == [None, "1", "2", "3"]


def test_what_was_used_least_recently_is_forgotten_first() -> None:
    memory = remembering(*((str(index), {}, conversation(str(index))) for index in range(3)), limit=3)
    gone_on_with(memory, {}, "0", "b")
    memory.remember(turn(input=conversation("3")), named("3"))

    assert [gone_on_with(memory, {}, str(index), "b") for index in range(4)] == ["0", None, "2", "3"]


def test_the_memory_of_responses_is_bounded_too() -> None:
    memory = KeyMemory(2)
    for response in ("r1", "r2", "r3"):
        memory.remember_response(turn(), response, named(response))
    found = [memory.key_of_response(turn(previous_response_id=response)) for response in ("r1", "r2", "r3")]

    assert found == [None, named("r2"), named("r3")]
