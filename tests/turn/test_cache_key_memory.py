"""What is remembered of earlier turns, and which of them a turn continues: bounded, and each caller for itself."""

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.cache_key import CacheKey, EarlierTurn, KeyMemory
from codexcache.turn.request import Turn
from support.turns import Headers, conversation, said, turn, user

ALICE: Headers = {"authorization": "Bearer alice"}
BOB: Headers = {"authorization": "Bearer bob"}
LONG = "That is done, and here is what I found on the way."
MESSAGE: Object = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": LONG}]}
CALL: Object = {"type": "function_call", "call_id": "call_0123456789abc", "name": "f", "arguments": "{}"}
RESULT: Json = {"type": "function_call_output", "call_id": "call_0123456789abc", "output": "x"}
REASONING: Object = {"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAA" * 20, "summary": []}


def named(key: str) -> CacheKey:
    return CacheKey(key=key, source="session")


def remember(memory: KeyMemory, sent: Turn, key: str, *answer: Json, response: str | None = None) -> EarlierTurn:
    """Have a turn remembered that has this key, and was answered so."""
    remembered = memory.remember(sent, named(key), memory.find(sent))
    memory.remember_response(sent, remembered, response, answer)
    return remembered


def remembering(*turns: tuple[str, Headers, list[Json]], limit: int = 100) -> KeyMemory:
    """Return a memory of turns that were not answered, each given by its key, its headers and its input."""
    memory = KeyMemory(limit=limit)
    for key, headers, items in turns:
        remember(memory, turn(headers, input=items), key)
    return memory


def key_of(earlier: EarlierTurn | None) -> str | None:
    return earlier.cache_key.key if earlier else None


def continued_by(memory: KeyMemory, headers: Headers, *items: Json) -> str | None:
    """Return the key of the turn that a turn with this input continues."""
    return key_of(memory.find(turn(headers, input=[*items])))


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
    assert continued_by(remembering(("k", {}, conversation("a"))), headers, *conversation(*texts)) == expected


OPENING = conversation("a")
ONE, TWO, THREE = ((name, {"session_id": name}, OPENING) for name in ("one", "two", "three"))


@pytest.mark.parametrize(
    ("turns", "session", "expected"),
    [
        pytest.param([ONE, TWO, THREE], "two", "two", id="the one with this turn's session"),
        pytest.param([ONE, TWO], "new", None, id="none, where its own session tells it apart"),
        pytest.param([ONE, *[TWO] * 50], "one", "one", id="one sent again and again pushes none out"),
    ],
)
def test_among_equals_counts(turns: list[tuple[str, Headers, list[Json]]], session: str, expected: str | None) -> None:
    assert continued_by(remembering(*turns), {"session_id": session}, *conversation("a", "b")) == expected


@pytest.mark.parametrize(
    ("given", "again"),
    [
        pytest.param(said("assistant", LONG), said("assistant", LONG), id="a text"),
        pytest.param(
            {**MESSAGE, "id": "msg_1", "status": "completed"},
            {"role": "assistant", "content": [{"type": "input_text", "text": f"{LONG}\n"}], "phase": "final_answer"},
            id="a text, spelled otherwise",
        ),
        pytest.param(CALL, {**CALL, "id": "fc_1", "arguments": '{"a": 1}'}, id="a call by its id"),
        pytest.param(CALL, RESULT, id="a call, by its output"),
        pytest.param(REASONING, {**REASONING, "id": None, "content": None}, id="encrypted reasoning"),
        pytest.param(
            {"type": "compaction", "encrypted_content": "gAAAA" * 20},
            {"type": "compaction_summary", "encrypted_content": "gAAAA" * 20},
            id="a compaction",
        ),
    ],
)
def test_an_answer_is_recognized_wherever_it_stands(given: Json, again: Json) -> None:
    """Behind another opening, between other items, and with another session."""
    memory = KeyMemory()
    remember(memory, turn({"session_id": "one"}, input=OPENING), "k", given)

    assert continued_by(memory, {"session_id": "two"}, user("z"), user("y"), again, user("x")) == "k"
    assert continued_by(memory, {"session_id": "two", **BOB}, user("z"), again, user("x")) is None


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"type": "configuration_update", "encrypted_content": "gAAAA" * 20}, id="a type nobody knows"),
        pytest.param(said("user", LONG), id="a message of the user's"),
        pytest.param(said("developer", LONG), id="a developer's"),
        pytest.param({"type": "reasoning", "encrypted_content": None, "summary": []}, id="reasoning without content"),
        pytest.param({"type": "message", "role": "assistant", "content": []}, id="an empty message"),
        pytest.param({"type": "function_call_output", "output": "x"}, id="an output without an id"),
        pytest.param("text", id="no object"),
    ],
)
def test_what_no_model_made_proves_nothing(item: Json) -> None:
    memory = KeyMemory()
    remember(memory, turn({"session_id": "one"}, input=OPENING), "k", item)

    assert continued_by(memory, {"session_id": "two"}, user("z"), item, user("x")) is None


def test_a_short_answer_counts_only_behind_its_own_opening() -> None:
    memory = KeyMemory()
    remember(memory, turn(SESSION, input=OPENING), "k", said("assistant", "Done."))
    rest = [said("assistant", "Done."), user("x")]

    assert continued_by(memory, {"session_id": "two"}, user("a"), user("inserted"), *rest) == "k"
    assert continued_by(memory, {"session_id": "two"}, user("b"), *rest) is None


def test_the_answer_that_stands_latest_counts() -> None:
    memory = KeyMemory()
    for name in ("one", "two"):
        remember(memory, turn({"session_id": name}, input=[user(name)]), name, said("assistant", f"{LONG} {name}"))
    answers = [said("assistant", f"{LONG} {name}") for name in ("two", "one")]

    assert continued_by(memory, {}, *answers, user("x")) == "one"


def test_of_two_conversations_with_equal_answers_the_one_with_this_turns_session_counts_else_the_latest() -> None:
    memory = KeyMemory()
    for name in ("one", "two"):
        remember(memory, turn({"session_id": name}, input=OPENING), name, said("assistant", LONG))

    found = [continued_by(memory, {"session_id": name}, said("assistant", LONG)) for name in ("one", "two", "new")]
    assert found == ["one", "two", "two"]


def test_a_turn_that_extends_one_with_its_session_is_not_taken_for_another_that_was_answered_alike() -> None:
    """The answer to its own was not heard."""
    memory = remembering(ONE)
    remember(memory, turn({"session_id": "two"}, input=OPENING), "two", said("assistant", LONG))

    assert continued_by(memory, {"session_id": "one"}, *OPENING, said("assistant", LONG), user("x")) == "one"


def test_the_sessions_of_a_client_that_makes_them_up_do_not_tell_its_turns_apart() -> None:
    """It was seen to change them; then also a turn that was not answered is continued."""
    memory = KeyMemory()
    remember(memory, turn({"session_id": "1"}, input=OPENING), "k", said("assistant", LONG))
    longer = [*OPENING, said("assistant", LONG), user("b")]
    remember(memory, turn({"session_id": "2"}, input=longer), "k")

    assert continued_by(memory, {"session_id": "3"}, *longer, user("c")) == "k"


def test_an_equal_input_is_another_conversation_once_the_first_has_gone_on() -> None:
    memory = remembering(("k", {}, OPENING))
    assert continued_by(memory, {}, *OPENING) == "k"

    remember(memory, turn(input=conversation("a", "b", "c")), "k")
    assert continued_by(memory, {}, *OPENING) is None


def test_of_many_conversations_with_one_opening_the_oldest_are_forgotten() -> None:
    memory = remembering(*((f"k{index}", {"session_id": f"s{index}"}, OPENING) for index in range(65)))

    assert continued_by(memory, {"session_id": "s1"}, *conversation("a", "b")) == "k1"
    assert continued_by(memory, {"session_id": "s0"}, *conversation("a", "b")) is None


def test_another_callers_turn_is_not_continued_nor_is_a_delta() -> None:
    """Of turns that are extended, the one that is extended furthest counts."""
    memory = remembering(("far", ALICE, conversation("a", "b", "c")), ("near", ALICE, conversation("a")))
    remember(memory, turn(ALICE, input=conversation("x"), previous_response_id="r"), "delta")

    assert continued_by(memory, BOB, *conversation("a", "b")) is None
    assert continued_by(memory, {}, *conversation("a", "b")) is None
    assert continued_by(memory, ALICE, *conversation("x", "b")) is None
    assert [continued_by(memory, ALICE, *conversation(*texts)) for texts in ("ab", "abcd")] == ["near", "far"]


@pytest.mark.parametrize("items", [[], [said("developer", "d")], [user("")]], ids=["none", "no user's", "an empty one"])
def test_an_input_without_a_user_message_cannot_be_continued(items: list[Json]) -> None:
    assert continued_by(remembering(("k", {}, items)), {}, *items, user("a")) is None


@pytest.mark.parametrize("carried", [False, True])
def test_an_equal_input_of_another_agent_is_another_conversation(carried: bool) -> None:
    """It has instructions of its own, as a member or at the head of its input."""
    memory = KeyMemory()
    remember(memory, _as("You are A.", "hi", carried=carried), "a")

    assert memory.find(_as("You are B.", "hi", carried=carried)) is None
    assert key_of(memory.find(_as("You are A.", "hi", carried=carried))) == "a"


@pytest.mark.parametrize("carried", [False, True])
def test_of_agents_with_one_opening_the_one_with_this_turns_instructions_counts(carried: bool) -> None:
    """Where none has, the latest: a date in them is not another conversation."""
    memory = KeyMemory()
    for agent in ("A", "B"):
        remember(memory, _as(f"You are {agent}.", "hi", carried=carried), agent)

    found = [key_of(memory.find(_as(f"You are {agent}.", "hi", "yes?", carried=carried))) for agent in "ABC"]
    assert found == ["A", "B", "B"]


def _as(instructions: str, *texts: str, carried: bool) -> Turn:
    """Return a turn of an agent with these instructions."""
    if carried:
        return turn(input=[said("developer", instructions), *conversation(*texts)])
    return turn(None, {"instructions": instructions}, input=conversation(*texts))


def test_the_turn_of_a_response_is_found_by_its_id() -> None:
    """Also one without a key."""
    memory = KeyMemory()
    keyless = CacheKey(key=None, source="none")
    memory.remember_response(turn(), memory.remember(turn(), keyless, None), "none", ())
    remember(memory, turn(ALICE), "k", response="r")

    assert key_of(memory.find(turn(ALICE, previous_response_id="r"))) == "k"
    assert memory.find(turn(ALICE, previous_response_id="other")) is None
    assert memory.find(turn(BOB, previous_response_id="r")) is None
    assert key_of(memory.find(turn(previous_response_id="none"))) is None
    assert memory.find(turn(previous_response_id="none")) is not None


def test_the_memory_is_bounded_and_what_was_used_least_recently_is_forgotten_first() -> None:
    memory = remembering(*((str(index), {}, conversation(str(index))) for index in range(3)), limit=3)
    continued_by(memory, {}, *conversation("0", "b"))
    remember(memory, turn(input=conversation("3")), "3")

    assert [continued_by(memory, {}, *conversation(str(index), "b")) for index in range(4)] == ["0", None, "2", "3"]


# Imitators of the official client.

type Ids = tuple[str, str, str]
"""Key, session and thread."""


def imitated(ids: list[Ids], conversation: str = "one", memory: KeyMemory | None = None) -> list[bool]:
    """Return which turns of a conversation, each with these ids, are taken for those of an imitator."""
    memory, found, items = memory or KeyMemory(), [], [user(conversation)]
    for number, (key, session, thread) in enumerate(ids):
        headers = {"session-id": session, "thread-id": thread, "user-agent": "codex_cli_rs/0.1"}
        sent = turn(headers, input=list[Json](items), prompt_cache_key=key)
        earlier = memory.find(sent)
        found.append(memory.imitates(sent, earlier))
        answer = said("assistant", f"{LONG} {conversation} {number}")
        memory.remember_response(sent, memory.remember(sent, named("k"), earlier), None, [answer])
        items += [answer, user("on")]
    return found


A, B, C, D = ((f"k{n}", f"s{n}", f"t{n}") for n in range(4))


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        pytest.param([A, B, C, D], [False, False, True, True], id="two turns in a row with ids that are all new"),
        pytest.param([A, A, A, A], [False] * 4, id="a client that keeps them"),
        pytest.param([A, B, B, B], [False] * 4, id="a fork changes them once"),
        pytest.param([A, A, B, C], [False] * 4, id="two forks of a conversation that kept them"),
        pytest.param([A, ("k1", "s0", "t1"), ("k2", "s0", "t2")], [False] * 3, id="sub-agents of one session"),
    ],
)
def test_an_imitator_makes_up_all_ids_for_each_request(ids: list[Ids], expected: list[bool]) -> None:
    assert imitated(ids) == expected


def test_a_known_imitator_is_one_from_its_first_turn_and_the_official_client_with_its_name_is_not() -> None:
    """Both have one user agent: what keeps its ids is the official client."""
    memory = KeyMemory()
    imitated([A, B, C], "one", memory)

    assert imitated([("k7", "s7", "t7"), ("k8", "s8", "t8")], "two", memory) == [True, True]
    assert imitated([("k9", "s9", "t9")] * 3, "three", memory) == [True, False, False]


def test_a_sentence_that_two_conversations_share_moves_none_onto_the_others_key() -> None:
    """Its own reasoning tells, else its own opening."""
    memory, sentence = KeyMemory(), said("assistant", "Hello! How can I help you today?")
    first = {name: [user(f"Good morning from {name}."), {**REASONING, "encrypted_content": name * 40}] for name in "ab"}
    for name, items in first.items():
        remember(memory, turn(input=items[:1]), name, items[1], sentence)

    assert [continued_by(memory, {}, *items, sentence, user("x")) for items in first.values()] == ["a", "b"]
    assert [continued_by(memory, {}, items[0], sentence, user("x")) for items in first.values()] == ["a", "b"]


def test_forks_back_in_a_conversation_that_kept_its_ids_are_those_of_the_official_client() -> None:
    """The first of its turns came before an id could be kept."""
    memory, opening = KeyMemory(), [user("q1")]
    asked = {"A": opening, "A again": [*opening, said("assistant", LONG), user("q2")]}
    asked |= {"B": asked["A again"], "C": [*asked["A again"], said("assistant", f"{LONG} B"), user("q3")]}
    found = []
    for name, items in asked.items():
        new = name[0]
        headers = {"session-id": f"s{new}", "thread-id": f"t{new}"}
        sent = turn(headers, input=list[Json](items), prompt_cache_key=f"k{new}")
        found.append(memory.imitates(sent, memory.find(sent)))
        remember(memory, sent, "k", said("assistant", LONG if name == "A" else f"{LONG} {name}"))

    assert found == [False] * 4
