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
    """Return the key of the turn that this conversation continues."""
    cache_key = memory.key_of_extended_turn(turn(headers, input=conversation(*texts)))
    return cache_key.key if cache_key else None


SESSION = {"session_id": "s"}


@pytest.mark.parametrize(
    ("headers", "texts", "expected"),
    [
        pytest.param({}, ("a", "b", "c"), "k", id="longer"),
        pytest.param(SESSION, ("a", "b", "c"), "k", id="longer, with a session"),
        pytest.param({}, ("a",), "k", id="equal"),
        pytest.param(SESSION, ("a",), None, id="equal, with a session"),
        pytest.param({}, ("b", "b"), None, id="another message"),
        pytest.param({}, ("a ", "b"), None, id="another spelling"),
        pytest.param({}, ("x", "a"), None, id="the message behind another"),
        pytest.param({}, (), None, id="nothing"),
    ],
)
def test_an_input_continues_the_turn_it_extends(headers: Headers, texts: tuple[str, ...], expected: str | None) -> None:
    assert gone_on_with(remembering(("k", {}, conversation("a"))), headers, *texts) == expected


OPENING = conversation("a")
ONE, TWO, THREE = ((name, {"session_id": name}, OPENING) for name in ("one", "two", "three"))


@pytest.mark.parametrize(
    ("turns", "session", "expected"),
    [
        pytest.param([ONE, TWO, THREE], "two", "two", id="the one with this turn's session"),
        pytest.param([ONE, TWO], "new", "two", id="else the latest"),
        pytest.param([ONE, TWO, ONE], "new", "one", id="which one becomes that is sent again"),
        pytest.param([ONE, *[TWO] * 50], "one", "one", id="one sent again and again pushes none out"),
    ],
)
def test_among_equals_counts(turns: list[tuple[str, Headers, list[Json]]], session: str, expected: str) -> None:
    assert gone_on_with(remembering(*turns), {"session_id": session}, "a", "b") == expected


def test_of_many_conversations_with_one_opening_the_oldest_are_forgotten() -> None:
    memory = remembering(*((f"k{index}", {"session_id": f"s{index}"}, OPENING) for index in range(65)))

    assert gone_on_with(memory, {"session_id": "s1"}, "a", "b") == "k1"
    assert gone_on_with(memory, {"session_id": "s0"}, "a", "b") == "k64"


def test_another_callers_turn_is_not_continued_nor_is_a_delta() -> None:
    """Of turns that are extended, the one that is extended furthest counts."""
    memory = remembering(("far", ALICE, conversation("a", "b", "c")), ("near", ALICE, conversation("a")))
    memory.remember(turn(ALICE, input=conversation("x"), previous_response_id="r"), named("delta"))

    assert gone_on_with(memory, BOB, "a", "b") is None
    assert gone_on_with(memory, {}, "a", "b") is None
    assert gone_on_with(memory, ALICE, "x", "b") is None
    assert [gone_on_with(memory, ALICE, *texts) for texts in ("ab", "abcd")] == ["near", "far"]


@pytest.mark.parametrize("items", [[], [said("developer", "d")], [user("")]], ids=["none", "no user's", "an empty one"])
def test_an_input_without_a_user_message_cannot_be_continued(items: list[Json]) -> None:
    assert remembering(("k", {}, items)).key_of_extended_turn(turn(input=[*items, user("a")])) is None


def test_a_turn_without_a_key_is_not_continued_and_its_response_is_known_to_have_none() -> None:
    memory, keyless = KeyMemory(), CacheKey(key=None, source="none")
    memory.remember(turn(input="a"), keyless)
    memory.remember_response(turn(input="a"), "r", keyless)

    assert gone_on_with(memory, {}, "a", "b") is None
    assert memory.key_of_response(turn(previous_response_id="r")) == keyless


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


def test_the_turn_of_a_response_is_found_by_its_id() -> None:
    memory = KeyMemory()
    memory.remember_response(turn(ALICE), "r", named("k"))

    assert memory.key_of_response(turn(ALICE, previous_response_id="r")) == named("k")
    assert memory.key_of_response(turn(ALICE, previous_response_id="other")) is None
    assert memory.key_of_response(turn(ALICE)) is None
    assert memory.key_of_response(turn(BOB, previous_response_id="r")) is None


def test_the_memory_is_bounded_and_what_was_used_least_recently_is_forgotten_first() -> None:
    memory = remembering(*((str(index), {}, conversation(str(index))) for index in range(3)), limit=3)
    gone_on_with(memory, {}, "0", "b")
    memory.remember(turn(input=conversation("3")), named("3"))
    for response in ("r0", "r1", "r2", "r3"):
        memory.remember_response(turn(), response, named(response))
    found = [memory.key_of_response(turn(previous_response_id=response)) for response in ("r0", "r1", "r3")]

    assert [gone_on_with(memory, {}, str(index), "b") for index in range(4)] == ["0", None, "2", "3"]
    assert found == [None, named("r1"), named("r3")]
