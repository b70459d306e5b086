"""What was edited of an input is told by kind, number and place, as a client would do it."""

import pytest
from codexcache.body.json_splice import Json
from codexcache.diagnosis.alignment import align
from codexcache.diagnosis.edits import Edit, edits_sentence, find_edits
from codexcache.turn.item_list import Items
from codexcache.turn.prompt import read_prompt
from support.turns import said, user


def items(given: list[Json]) -> Items:
    return read_prompt({"instructions": "i", "input": given}).items


def edits(was: list[Json], now: list[Json]) -> tuple[Edit, ...]:
    return find_edits(items(now), items(was))


def reasoning(name: str) -> Json:
    return {"type": "reasoning", "id": f"rs_{name}", "summary": [], "encrypted_content": f"gAAAA of {name} " * 9}


def call(name: str) -> Json:
    return {"type": "function_call", "call_id": f"call_{name}_0123456789", "name": "shell", "arguments": "{}"}


def output(name: str, text: str = "printed " * 90) -> Json:
    return {"type": "function_call_output", "call_id": f"call_{name}_0123456789", "output": text}


def steps(*names: str) -> list[Json]:
    """Return what an agent does: it reasons, calls a tool, and gets the output."""
    return [item for name in names for item in (reasoning(name), call(name), output(name))]


CONTEXT = "The time is {} and this is a context of some length, as clients write it."
BASE = [user("the first question"), *steps("a", "b", "c", "d"), user("the second question")]


def only(kind: str, given: list[Json]) -> list[Json]:
    return [item for item in given if isinstance(item, dict) and item.get("type") != kind]


def shortened(given: list[Json], *indexes: int) -> list[Json]:
    """Return a copy in which some outputs are cleared."""
    return [
        {**item, "output": "[cleared]"} if index in indexes and isinstance(item, dict) else item
        for index, item in enumerate(given)
    ]


def called(arguments: str) -> Json:
    return {"type": "function_call", "call_id": "call_x", "name": "shell", "arguments": arguments}


def with_arguments(arguments: str, index: int) -> list[Json]:
    """Return the base with the arguments of one call spelled so."""
    item = BASE[index]
    return [*BASE[:index], {**item, "arguments": arguments}, *BASE[index + 1 :]] if isinstance(item, dict) else []


ANSWER: list[Json] = [reasoning("new"), said("assistant", "a longer answer of the model"), user("and a third question")]

CASES: dict[str, tuple[list[Json], list[Json]]] = {
    "a tool output was shortened at input[3]": (BASE, shortened([*BASE, *ANSWER], 3)),
    "4 tool outputs were shortened, the first at input[3]": (BASE, shortened([*BASE, *ANSWER], 3, 6, 9, 12)),
    "reasoning was dropped from 4 places, the first at input[1]": (BASE, only("reasoning", [*BASE, user("x")])),
    "reasoning was dropped from input[4]": (BASE, [*BASE[:4], *BASE[5:], *ANSWER]),
    "reasoning was inserted at 4 places, the first at input[1]": (only("reasoning", BASE), [*BASE, user("x")]),
    "a user message was inserted at input[1]": (BASE, [BASE[0], user("a reminder"), *BASE[1:], *ANSWER]),
    "an assistant message was inserted at input[0]": (BASE, [said("assistant", "x"), *BASE]),
    "history was cut: 11 items from input[3] on were dropped": (BASE, BASE[:3]),
    "history was cut: 8 items from input[6] on were dropped": (BASE, [*BASE[:6], user("something else"), *ANSWER]),
    "6 items from input[1] on were dropped": (BASE, [BASE[0], *BASE[7:], *ANSWER]),
    "4 tool outputs were dropped, the first from input[3]": (BASE, only("function_call_output", [*BASE, *ANSWER])),
    "a tool output was dropped from input[12]": (BASE[:-1], [*BASE[:-2], user("something else")]),
    "the order of 3 items changed from input[4] on": (BASE, [*BASE[:4], BASE[6], *BASE[4:6], *BASE[7:], *ANSWER]),
    "the order of 2 items changed from input[0] on": ([user("a"), user("b")], [user("b"), user("a")]),
    "a user message was moved from input[13] to input[15]": (BASE, [*BASE[:-1], *ANSWER[:2], BASE[-1], user("more")]),
    "a user message was rewritten at input[0]": (BASE, [user("another first question"), *BASE[1:], *ANSWER]),
    "a user message was rewritten at input[0]: only a date differs": (
        [user("Today is 2026-11-20."), *BASE],
        [user("Today is 2026-11-21."), *BASE, *ANSWER],
    ),
    "2 user messages were rewritten, the first at input[0]: only a date and a time differ": (
        [user("Today is 2026-11-20."), *BASE, user("It is 9:59."), reasoning("z")],
        [user("Today is 2026-11-21."), *BASE, user("It is 10:01."), reasoning("z")],
    ),
    "the last user message of its predecessor, input[13], was rewritten": (
        [*BASE[:-1], user("the second question, with context")],
        [*BASE[:-1], user("the other second question, with all"), *ANSWER],
    ),
    "the last user message of its predecessor, input[13], was shortened": (
        [*BASE[:-1], user("the second question" + " with context" * 9)],
        [*BASE, *ANSWER],
    ),
    "the last user message of its predecessor, input[14], was rewritten: only a time differs": (
        [*BASE, user(CONTEXT.format("9:59"))],
        [*BASE, user(CONTEXT.format("10:00")), *ANSWER],
    ),
    "the last user message of its predecessor, input[14], was dropped": (
        [*BASE, user(CONTEXT.format("9:59"))],
        [*BASE, *ANSWER, user(CONTEXT.format("10:00"))],
    ),
    "the last 2 user messages of its predecessor, from input[13] on, were rewritten": (
        [*BASE[:-1], user("the second question"), user("context")],
        [*BASE[:-1], user("the other question"), user("contexts"), *ANSWER],
    ),
    "the last tool output of its predecessor, input[12], was shortened": (BASE[:-1], shortened(BASE[:-1], 12)),
    "a tool call was dropped from input[2]; a user message was inserted at input[5]": (
        BASE,
        [*BASE[:2], *BASE[3:6], user("a reminder"), *BASE[6:]],
    ),
    "history was cut: 3 items from input[10] on were dropped": (BASE[:-1], [*BASE[:10], *steps("e"), *ANSWER]),
    "a tool call was re-spelled at input[2]: only white space differs": (BASE, with_arguments("{ }", 2)),
    "a tool call was re-spelled at input[1]: only the order of members differs": (
        [BASE[0], called('{"path":"a.py","limit":40}'), *BASE[1:]],
        [BASE[0], called('{"limit":40,"path":"a.py"}'), *BASE[1:], *ANSWER],
    ),
    "a tool call was rewritten at input[1]": (
        [BASE[0], called('{"path":"a.py","limit":40}'), *BASE[1:]],
        [BASE[0], called('{"path":"b.py","limit":40}'), *BASE[1:], *ANSWER],
    ),
    "a user message was re-spelled at input[0]: only white space differs": (
        [user("one\ntwo"), *BASE],
        [user("one\r\n two"), *BASE],
    ),
    "history was cut: 10 items from input[4] on were dropped": (
        [*BASE[:-1], user("go on")],
        [*BASE[:4], *steps("x", "y"), user("go on"), *ANSWER],
    ),
    "a foreign thing item was dropped from input[0]": ([{"type": "foreign_thing"}, *BASE], BASE),
}


@pytest.mark.parametrize("sentence", CASES)
def test_an_edit_is_said_in_plain_words(sentence: str) -> None:
    was, now = CASES[sentence]

    assert edits_sentence(edits(was, now)) == sentence


@pytest.mark.parametrize("now", [BASE, [*BASE, *ANSWER], [*BASE, BASE[0], BASE[-1]]])
def test_what_only_appends_edits_nothing(now: list[Json]) -> None:
    assert edits(BASE, now) == ()


def test_an_edit_says_what_the_verdict_needs() -> None:
    (edit,) = edits(BASE, shortened([*BASE, *ANSWER], 6, 9))

    assert (edit.kind, edit.count, edit.item) == ("shortened", 2, "tool output")
    assert (edit.first, edit.in_old, edit.volatile, edit.is_at_end) == ("input[6]", 6, (), False)


def test_a_volatile_difference_and_another_order_are_named() -> None:
    (rewritten,) = edits([user("turn 1"), *BASE], [user("turn 2"), *BASE])
    (moved,) = edits([user("a"), user("b")], [user("b"), user("a")])

    assert (rewritten.kind, rewritten.volatile) == ("rewritten", ("counter",))
    assert (moved.kind, moved.volatile, moved.count) == ("moved", ("order",), 1)


def test_what_is_said_again_at_the_end_did_not_move_there() -> None:
    """A window slides over the history, and the user says again what has slid out of it."""
    (edit,) = edits([user("go on"), *BASE], [*BASE, *ANSWER, user("go on")])

    assert (edit.kind, edit.count) == ("dropped", 1)


def test_a_history_of_thousands_of_items_is_aligned_at_once() -> None:
    """With an edit in each step, and one sentence said again and again."""
    was = [item for n in range(2_000) for item in (*steps(f"{n}"), user("go on"))]
    now = shortened(was, *range(2, 8_000, 4))
    alignment = align(items(now), items(was))

    assert len(alignment.steps) == 2_000
    assert {step.kind for step in alignment.steps} == {"shortened"}
