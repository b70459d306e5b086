"""Which remembered turn a new one is compared with, and by which evidence."""

from collections.abc import Sequence
from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.history import History
from codexcache.diagnosis.match import match_of
from codexcache.diagnosis.predecessor import EVIDENCE
from codexcache.turn.record import Record, Route
from support.records import answered, now, record, remembering, route
from support.turns import said, user

type Recognized = tuple[int, str] | None
"""The number of a predecessor, and by which evidence it was recognized."""

TASK, ENVIRONMENT, ORDERS = user("Fix the parser."), user("<environment>"), said("developer", "You are careful.")
LOOKED, FIXED = said("assistant", "I looked at the parser."), said("assistant", "The parser is fixed now.")
MORE, AGAIN, LAST = user("And the lexer?"), user("And the tests?"), user("Thank you.")
DONE, YES = said("assistant", "Done."), said("assistant", "Yes.")
AGENT: Object = {"instructions": "You are an agent that fixes programs, and says what it has done in a few words."}
TITLES: Object = {"instructions": "Write a title of a few words for what follows, and do nothing else at all."}


def called(name: str) -> list[Json]:
    """Return reasoning, a call and its output; no other has their ids."""
    call: Json = {"type": "function_call", "call_id": f"call_{name}_0123456789", "name": "shell", "arguments": "{}"}
    output: Json = {"type": "function_call_output", "call_id": f"call_{name}_0123456789", "output": name}
    return [{"type": "reasoning", "encrypted_content": f"gAAAA-{name}-0123456789"}, call, output]


def turn(number: int, items: Sequence[Json], *outputs: Json, **given: Any) -> Record:
    """Return a turn that was answered, ten seconds after the one before."""
    return answered(record(number, items, at=10.0 * number, **{"body": AGENT, **given}), *outputs)


def recognized(history: History, items: Sequence[Json], **given: Any) -> Recognized:
    match = history.predecessor(now(items, **{"body": AGENT, **given}))
    return (match.record.number, match.evidence) if match else None


def talk(via: Route | None = None, body: Object | None = None) -> list[Record]:
    """Return three turns of one conversation."""
    given = {"via": via, "body": body or AGENT}
    return [
        turn(1, [TASK], LOOKED, **given),
        turn(2, [TASK, LOOKED, MORE], FIXED, **given),
        turn(3, [TASK, LOOKED, MORE, FIXED, AGAIN], *called("tests")[:2], **given),
    ]


HISTORY = [TASK, LOOKED, MORE, FIXED, AGAIN, *called("tests")]
ELSEWHERE = route(key="k2", session="s2")
NATIVE, CHILD = route(thread="t1"), route(thread="t2")
BOB, BOB_WITH_THE_KEY = route(caller=b"bob", key="k2", session="s2"), route(caller=b"bob", session="s2")


def test_the_evidence_has_an_order() -> None:
    names = [name for name, _ in EVIDENCE]

    assert [*dict.fromkeys(names)] == ["response id", "thread", "answer", "extends", "tail", "compaction"]


# 1. A response that is named.


def test_a_turn_goes_on_from_the_response_that_it_names() -> None:
    history, other = remembering(*talk()), turn(8, [user("Something else.")], YES)

    assert recognized(history, [user("Something else."), YES, LAST], named=other) == (8, "response id")


def test_a_turn_that_names_an_older_response_is_compared_with_the_latest_that_it_extends() -> None:
    """As where a client has two sockets, each with a last response."""
    turns = talk()

    assert recognized(remembering(*turns), HISTORY, named=turns[0]) == (3, "response id")


def test_a_delta_behind_a_response_of_another_start_goes_on_from_the_turn_with_its_answer() -> None:
    assert recognized(remembering(*talk()), [LAST], complete=False, continued=2) == (2, "response id")
    assert recognized(remembering(*talk()), [LAST], complete=False) is None


# 2. Threads of the official client.


def test_a_thread_goes_on_whatever_else_changed() -> None:
    history = remembering(*talk(NATIVE))

    assert recognized(history, [user("Nothing of it.")], via=route(thread="t1", session="s2"), body=TITLES) == (
        3,
        "thread",
    )


@pytest.mark.parametrize(
    ("items", "number"),
    [
        pytest.param(HISTORY, 3, id="the turn that is extended furthest"),
        pytest.param([TASK, LOOKED, user("No, the printer!")], 3, id="the latest with the longest head"),
        pytest.param([TASK, LOOKED, MORE], 2, id="the turn that is sent again after a rewind"),
        pytest.param([TASK, LOOKED, MORE, said("assistant", "Another one."), LAST], 2, id="what the turn goes back to"),
        pytest.param([TASK, LOOKED, user("Edited."), *HISTORY[3:], LAST], 3, id="what was edited"),
    ],
)
def test_heads_and_answers_choose_among_the_turns_of_a_thread(items: list[Json], number: int) -> None:
    assert recognized(remembering(*talk(NATIVE)), items, via=NATIVE) == (number, "thread")


@pytest.mark.parametrize("left", [[user("A summary of all that.")], [MORE, AGAIN, user("A summary of all that.")]])
def test_a_history_that_the_official_client_summed_up_is_compared_with_its_latest_turn(left: list[Json]) -> None:
    """What is left of it begins with the whole input of its first turn."""
    assert recognized(remembering(*talk(NATIVE)), [TASK, *left], via=NATIVE) == (3, "thread")


def test_a_history_that_the_backend_summed_up_is_compared_with_its_latest_turn() -> None:
    made: Json = {"type": "compaction", "encrypted_content": "gAAAA-compaction-0123456789"}

    assert recognized(remembering(*talk(NATIVE)), [TASK, made, LAST], via=NATIVE) == (3, "thread")


def test_a_child_that_extends_its_parents_first_input_is_another_conversation() -> None:
    parent = turn(1, [ORDERS, TASK], *called("spawn")[:2], via=NATIVE)

    assert recognized(remembering(parent), [ORDERS, TASK, user("Only the lexer.")], via=CHILD) is None


def test_a_child_that_has_its_parents_history_goes_on_from_it() -> None:
    parent = turn(1, [ORDERS, TASK], *called("spawn")[:2], via=NATIVE)
    child = turn(2, [ORDERS, TASK, *called("spawn"), MORE], LOOKED, via=CHILD)
    history = remembering(parent, child)

    assert (child.conversation, history.predecessor(child)) != (2, None)
    assert recognized(history, [ORDERS, TASK, *called("spawn"), MORE, LOOKED, LAST], via=CHILD) == (2, "thread")
    assert recognized(history, [ORDERS, TASK, *called("spawn"), LAST], via=NATIVE) == (1, "thread")


# 3. Answers.


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(HISTORY, id="behind the same history"),
        pytest.param([user("Edited."), *HISTORY[1:], LAST], id="behind an edited opening"),
        pytest.param([*HISTORY[3:], LAST], id="behind the half of a history"),
        pytest.param([HISTORY[0], said("developer", "<reminder>"), *HISTORY[1:]], id="behind an inserted item"),
        pytest.param([user("What came of it?"), *called("tests")[1:]], id="alone, behind another opening"),
        pytest.param([called("tests")[0], LAST], id="of which only the reasoning is left"),
    ],
)
@pytest.mark.parametrize("via", [route(), ELSEWHERE, CHILD, BOB, route(key=None, session=None)])
def test_a_call_or_reasoning_proves_the_conversation(items: list[Json], via: Route) -> None:
    assert recognized(remembering(*talk()), items, via=via) == (3, "answer")


def test_an_answer_is_recognized_however_the_client_spells_it() -> None:
    spelled: Json = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "input_text", "text": "The parser is fixed now."}],
        "id": "m1",
    }

    assert recognized(remembering(*talk()), [user("x"), spelled, LAST], via=ELSEWHERE) == (3, "answer")


def test_a_client_with_new_ids_on_each_request_is_recognized_by_its_answers() -> None:
    turns = [
        turn(1, [TASK], LOOKED, via=route(key="a", session="a")),
        turn(2, [TASK, LOOKED, MORE], FIXED, via=route(key="b", session="b")),
    ]
    history = remembering(*turns)

    assert turns[1].conversation == 1
    assert recognized(history, [TASK, LOOKED, MORE, FIXED, LAST], via=route(key="c", session="c")) == (2, "answer")
    assert recognized(history, [TASK], via=route(key="d", session="d")) is None


def test_a_call_says_more_than_a_sentence_and_the_own_ids_more_than_either() -> None:
    """Two conversations were answered with the same sentence."""
    mine, others = turn(1, [TASK], LOOKED, *called("mine")[:2]), turn(2, [MORE], LOOKED, via=ELSEWHERE)
    history = remembering(mine, others)

    assert recognized(history, [user("x"), LOOKED, *called("mine")], via=ELSEWHERE) == (1, "answer")
    assert recognized(history, [user("x"), LOOKED, LAST], via=ELSEWHERE) == (2, "answer")
    assert recognized(history, [user("x"), LOOKED, LAST]) == (1, "answer")


def test_a_sentence_of_another_conversation_gives_way_to_the_own_input_that_is_extended() -> None:
    mine, others = turn(1, [TASK], via=ELSEWHERE), turn(2, [MORE], LOOKED)

    assert recognized(remembering(mine, others), [TASK, LOOKED, LAST], via=ELSEWHERE) == (1, "extends")
    assert recognized(remembering(others), [TASK, LOOKED, LAST], via=ELSEWHERE) == (2, "answer")


def test_a_sentence_of_another_caller_needs_the_same_opening() -> None:
    history = remembering(turn(1, [TASK], LOOKED))

    assert recognized(history, [MORE, LOOKED, LAST], via=BOB) is None
    assert recognized(history, [TASK, LOOKED, LAST], via=BOB) == (1, "answer")


def test_of_two_callers_with_one_prompt_and_one_answer_each_goes_on_with_the_own_conversation() -> None:
    """The clients give no ids, and the other one has continued with the same words."""
    alone, bob = route(key=None, session=None), route(caller=b"bob", key=None, session=None)
    others = [turn(1, [TASK], LOOKED, via=alone), turn(2, [TASK, LOOKED, MORE], FIXED, via=alone)]
    history = remembering(*others, turn(3, [TASK], LOOKED, via=bob))

    assert recognized(history, [TASK, LOOKED, MORE], via=bob) == (3, "answer")
    assert recognized(history, [TASK, LOOKED, MORE, FIXED, LAST], via=alone) == (2, "answer")
    assert recognized(remembering(*others), [TASK, LOOKED, MORE], via=bob) == (2, "answer")


def test_a_few_characters_prove_something_only_behind_the_same_opening() -> None:
    history = remembering(turn(1, [TASK], DONE))

    assert recognized(history, [ORDERS, TASK, DONE, LAST], via=ELSEWHERE) == (1, "answer")
    assert recognized(history, [MORE, DONE, LAST], via=ELSEWHERE) is None
    assert recognized(history, [MORE, DONE, LAST]) is None


def test_examples_in_a_prompt_are_no_answers() -> None:
    """All conversations of a batch begin with them, and nobody was seen to make them."""
    examples = [user("Two and two?"), said("assistant", "Two and two are four."), *called("example")]
    batch = turn(1, [*examples, user("Three and three?")], YES)

    assert recognized(remembering(batch), [*examples, user("Four and four?")]) is None


def test_an_item_of_an_unknown_type_proves_nothing() -> None:
    note: Json = {"type": "client_note", "text": "A note that is long enough.", "call_id": "call_note_0123456789"}

    assert recognized(remembering(turn(1, [TASK], note)), [MORE, note, LAST]) is None


def test_a_turn_that_the_key_memory_knows_to_go_on_may_repeat_answers_that_nobody_remembers() -> None:
    """As after a restart, when only the latest turns of a conversation come back."""
    latest = talk()[2]
    history = remembering(latest)

    assert recognized(history, [TASK, LOOKED, user("No, the printer!")]) is None
    assert recognized(history, [TASK, LOOKED, user("No, the printer!")], continued=3) == (3, "answer")
    assert recognized(history, [MORE], continued=3) is None


@pytest.mark.parametrize(
    ("items", "number"),
    [
        pytest.param(HISTORY, 3, id="the turn that is extended furthest"),
        pytest.param([TASK, LOOKED, MORE], 2, id="the turn that is sent again after a rewind"),
        pytest.param([TASK, LOOKED, user("No!")], 3, id="the latest with the longest head"),
        pytest.param([TASK, said("assistant", "Edited."), *HISTORY[2:]], 3, id="what was edited, not what is extended"),
        pytest.param([user("Edited."), LOOKED, LAST], 3, id="the latest where nothing is left of the head"),
    ],
)
def test_of_a_proven_conversation_the_predecessor_is(items: list[Json], number: int) -> None:
    assert recognized(remembering(*talk()), items) == (number, "answer")


def test_own_ids_come_before_a_longer_head() -> None:
    """A fork has more of the history than the turn from which both go on."""
    fork = turn(4, [*HISTORY, MORE], DONE, via=ELSEWHERE)
    history = remembering(*talk(), fork)

    assert recognized(history, [*HISTORY, LAST]) == (3, "answer")
    assert recognized(history, [*HISTORY, LAST], via=ELSEWHERE) == (4, "answer")


def test_a_request_for_a_summary_is_not_what_the_conversation_goes_on_from() -> None:
    summary = turn(4, [*HISTORY, user("Summarize all of this.")], said("assistant", "A parser was fixed."), body=TITLES)

    assert recognized(remembering(*talk(), summary), [*HISTORY, LAST]) == (3, "answer")


def test_a_history_that_a_client_summed_up_is_compared_with_the_turn_before_the_summary() -> None:
    """The summary is what the request for it was answered with; that has other instructions."""
    summed_up = said("assistant", "A parser was fixed, and its tests were read.")
    summary = turn(4, [*HISTORY, user("Summarize all of this.")], summed_up, body=TITLES)

    assert recognized(remembering(*talk(), summary), [user("What did we do?"), summed_up, LAST]) == (3, "answer")


def test_two_system_prompts_that_take_turns_are_compared_with_each_other() -> None:
    turns = talk()
    turns[2] = turn(3, HISTORY[:5], *called("tests")[:2], body=TITLES)

    assert recognized(remembering(*turns), HISTORY) == (3, "answer")


# 4. An input that is extended whole.


@pytest.mark.parametrize(
    ("via", "expected"),
    [
        pytest.param(route(), (1, "extends"), id="the same ids"),
        pytest.param(route(session=None), (1, "extends"), id="a session that is missing"),
        pytest.param(route(key=None, session=None), (1, "extends"), id="none at all"),
        pytest.param(route(key="k2"), None, id="another key"),
        pytest.param(route(session="s2"), None, id="another session"),
        pytest.param(BOB, None, id="another caller"),
        pytest.param(route(caller=b"bob"), (1, "extends"), id="another caller with the same key"),
    ],
)
@pytest.mark.parametrize("items", [[ORDERS, TASK], [ORDERS, TASK, MORE]], ids=["sent again", "extended"])
def test_an_equal_opening_is_a_conversation_if_no_id_tells_two_apart(
    via: Route, expected: Recognized, items: list[Json]
) -> None:
    assert recognized(remembering(turn(1, [ORDERS, TASK])), items, via=via) == expected


def test_ids_that_a_client_changes_on_each_request_tell_nothing_apart() -> None:
    history = remembering(turn(1, [TASK]))

    assert recognized(history, [TASK, MORE], via=ELSEWHERE, continued=1) == (1, "extends")
    assert recognized(history, [TASK, MORE], via=ELSEWHERE) is None


def test_a_sibling_opens_as_a_conversation_does_that_went_on() -> None:
    opening = turn(1, [ORDERS, TASK], LOOKED)
    history = remembering(opening)
    again = now([ORDERS, TASK], body=AGENT)
    assert recognized(history, [ORDERS, TASK]) == (1, "extends")

    went_on = turn(2, [ORDERS, TASK, LOOKED, MORE], FIXED)
    history.add(went_on, history.predecessor(went_on))

    assert recognized(history, [ORDERS, TASK]) is None
    assert history.sibling(again) is opening


def test_a_conversation_with_other_ids_that_went_on_makes_no_sibling_of_a_retry() -> None:
    others = [turn(1, [TASK], LOOKED, via=ELSEWHERE), turn(2, [TASK, LOOKED, MORE], FIXED, via=ELSEWHERE)]

    assert recognized(remembering(*others, turn(3, [TASK])), [TASK]) == (3, "extends")


def test_a_title_that_is_asked_for_with_the_key_and_the_question_is_another_conversation() -> None:
    assert recognized(remembering(turn(1, [TASK], LOOKED)), [TASK], body=TITLES) is None


# 5. What is left of a history.


def test_a_window_that_slid_is_recognized_by_its_tail() -> None:
    """Its answers are too short to prove anything without the opening."""
    known = turn(1, [TASK, YES, MORE, DONE, AGAIN], YES)

    assert recognized(remembering(known), [MORE, DONE, AGAIN, YES, LAST]) == (1, "tail")


@pytest.mark.parametrize("head", [[], [ORDERS, ENVIRONMENT]], ids=["alone", "behind what sets the agent up"])
def test_a_whole_input_that_a_helper_extends_is_no_tail(head: list[Json]) -> None:
    turns = [turn(1, [*head, TASK, MORE, AGAIN], FIXED), turn(2, [*head, TASK, MORE, AGAIN, FIXED, LAST])]

    assert recognized(remembering(*turns), [*head, TASK, MORE, AGAIN, user("Only the lexer.")]) is None


@pytest.mark.parametrize("head", [[], [ORDERS, ENVIRONMENT]], ids=["alone", "behind what sets the agent up"])
def test_a_window_of_the_users_messages_alone_is_recognized_by_its_tail(head: list[Json]) -> None:
    known = turn(1, [*head, TASK, MORE, AGAIN, user("And the docs?")], LOOKED)

    assert recognized(remembering(known), [*head, MORE, AGAIN, user("And the docs?"), LAST]) == (1, "tail")
    assert recognized(remembering(known), [*head, user("x"), MORE, AGAIN, user("And the docs?"), LAST]) is None
    assert recognized(remembering(known), [*head, AGAIN, user("And the docs?"), LAST]) is None


@pytest.mark.parametrize(
    ("items", "given"),
    [
        pytest.param([MORE, DONE, AGAIN, DONE, LAST], {}, id="another answer behind it"),
        pytest.param([MORE, DONE, AGAIN], {}, id="nothing behind it"),
        pytest.param([AGAIN, YES, LAST], {}, id="a message alone"),
        pytest.param([MORE, DONE, AGAIN, YES, LAST], {"body": TITLES}, id="other instructions"),
        pytest.param([MORE, DONE, AGAIN, YES, LAST], {"via": route(key="k2")}, id="another key"),
        pytest.param([MORE, DONE, AGAIN, YES, LAST], {"via": route(session="s2")}, id="another session"),
    ],
)
def test_a_tail_proves_nothing_with(items: list[Json], given: dict[str, Any]) -> None:
    known = turn(1, [TASK, YES, MORE, DONE, AGAIN], YES)

    assert recognized(remembering(known), items, **given) is None


COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, (3, "compaction"), id="the same key, tools and instructions"),
        pytest.param({"body": TITLES}, None, id="other instructions"),
        pytest.param({"via": ELSEWHERE}, None, id="another key"),
        pytest.param({"via": route(session="s2")}, None, id="another session"),
    ],
)
def test_a_compaction_of_which_the_answer_is_not_known_needs(given: dict[str, Any], expected: Recognized) -> None:
    assert recognized(remembering(*talk()), [COMPACTION, LAST], **given) == expected


def test_a_compaction_is_recognized_by_its_encrypted_content() -> None:
    made: Json = {"type": "compaction", "encrypted_content": "gAAAA-compaction-0123456789"}
    asked = turn(4, [*HISTORY, {"type": "compaction_trigger"}], made)

    assert recognized(remembering(*talk(), asked), [TASK, made, LAST], via=ELSEWHERE) == (4, "answer")


# What is no evidence.


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([ORDERS, ENVIRONMENT, user("Write the tests.")], id="what sets an agent up"),
        pytest.param([ORDERS, ENVIRONMENT, MORE, TASK], id="messages in another order"),
        pytest.param([MORE, TASK], id="a message"),
        pytest.param([], id="nothing at all"),
    ],
)
@pytest.mark.parametrize("via", [route(), ELSEWHERE, CHILD])
def test_what_the_client_says_is_no_evidence(items: list[Json], via: Route) -> None:
    known = turn(1, [ORDERS, ENVIRONMENT, TASK, MORE], LOOKED)

    assert recognized(remembering(known), items, via=via) is None


# What is never a predecessor.


@pytest.mark.parametrize("tokens", [None, 0])
@pytest.mark.parametrize("via", [NATIVE, route()])
def test_a_turn_that_was_not_counted_is_none(tokens: int | None, via: Route) -> None:
    history = remembering(turn(1, [TASK], LOOKED, tokens=tokens, via=via))

    assert recognized(history, [TASK, LOOKED, MORE], via=via) is None


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        pytest.param(1024, (8, "response id"), id="that can be cached"),
        pytest.param(1023, None, id="too small to be cached"),
        pytest.param(0, None, id="empty"),
        pytest.param(None, None, id="not counted"),
    ],
)
def test_a_warm_up_that_is_named_is_one(tokens: int | None, expected: Recognized) -> None:
    warm = turn(8, [ORDERS], warm_up=True, tokens=tokens)

    assert recognized(History(), [ORDERS, TASK], named=warm) == expected


def test_a_warm_up_that_nothing_names_is_none() -> None:
    history = History()
    history.add(turn(8, [ORDERS, TASK], warm_up=True), None)

    assert recognized(history, [ORDERS, TASK]) is None


@pytest.mark.parametrize("via", [NATIVE, route()])
def test_behind_a_warm_up_a_resumed_conversation_goes_on(via: Route) -> None:
    """Tools and instructions were warmed up, and the whole history comes with the first turn."""
    warm = turn(8, [], warm_up=True, via=via)
    match = remembering(*talk(via)).predecessor(now([*HISTORY, LAST], named=warm, via=via, body=AGENT))

    assert match is not None
    assert (match.record.number, match.shared_items) == (3, 5)


def test_a_warm_up_with_a_whole_history_is_what_its_turn_is_compared_with() -> None:
    warm = turn(8, HISTORY, warm_up=True)

    assert recognized(remembering(*talk()), [*HISTORY, LAST], named=warm) == (8, "response id")


def test_a_turn_that_was_counted_with_more_than_what_extends_it_is_none() -> None:
    """Its counters cannot be: it is passed over for one that begins in the same way."""
    turns = talk()
    turns[1].usage = record(tokens=50_000).usage
    history = remembering(*turns)

    assert recognized(history, [TASK, LOOKED, MORE]) == (3, "answer")
    assert recognized(remembering(*turns[:2]), [TASK, LOOKED, MORE]) == (2, "answer")


def test_a_turn_with_reasoning_may_be_larger_than_what_extends_it() -> None:
    """The backend leaves out reasoning of turns that are finished."""
    thought: Json = {"type": "reasoning", "encrypted_content": "g" * 50_000}
    larger = turn(1, [TASK, thought], LOOKED, tokens=50_000, via=NATIVE)
    history = remembering(larger, turn(2, [TASK, thought, LOOKED, MORE], FIXED, tokens=30_000, via=NATIVE))

    assert recognized(history, [TASK, thought], via=NATIVE) == (1, "thread")


def test_a_turn_that_ends_with_fewer_tokens_than_what_it_extends_is_compared_with_another() -> None:
    """As where a gateway adds up the counters of several attempts."""
    turns = talk()
    turns[2].usage = record(tokens=90_000).usage
    history, mine = remembering(*turns), now([*HISTORY, LAST], body=AGENT, tokens=None)
    match = history.predecessor(mine)
    mine.usage = record(tokens=12_000).usage
    confirmed = history.confirmed(mine, match)

    assert match is not None
    assert confirmed is not None
    assert (match.record.number, confirmed.record.number, confirmed.evidence) == (3, 2, "answer")
    assert history.confirmed(mine, confirmed) is confirmed
    assert history.confirmed(mine, None) is None


def test_a_match_is_whole_if_all_of_the_predecessor_stands_again() -> None:
    other = record(1, [TASK, LOOKED, MORE])

    assert match_of(record(2, HISTORY), other).whole
    assert not match_of(record(2, [TASK, LOOKED, user("x")]), other).whole
