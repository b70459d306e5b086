"""Any two turns, compared."""

from codexcache.body.json_splice import Json, Object
from codexcache.output.compare import compare
from codexcache.text import NARROWEST
from support.turn_summaries import turn_summary
from support.turns import user

TOOL: Object = {"type": "function", "name": "shell", "description": "Runs a command."}
FIRST: Object = {"model": "gpt-5.5", "instructions": "Be brief.", "tools": [TOOL], "input": [user("one"), user("two")]}


def test_both_turns_are_named_and_equal_ones_have_no_difference() -> None:
    text = compare(FIRST, turn_summary(), FIRST, turn_summary(turn=9, verdict="hit", is_miss=False))
    empty = dict[str, Json]()

    assert text.split("\n")[:2] == [
        "was  turn 7 · gpt-5.5 · 9,409 tokens · miss: tools_changed",
        "now  turn 9 · gpt-5.5 · 9,409 tokens · hit",
    ]
    assert "Of the first turn's 2 items, 2 are the same at the start of the second." in text
    assert text.endswith("Every difference: none.")
    assert "n/a tokens" in compare(FIRST, empty, FIRST, empty)


def test_the_differences_are_named_with_the_first_one_on_both_sides() -> None:
    """Compared as if the first were the predecessor."""
    second: Object = {**FIRST, "model": "gpt-5.5-mini", "tools": [{**TOOL, "description": "Runs a script."}]}
    text = compare(FIRST, turn_summary(), second, turn_summary())

    assert "  - model_changed: the model went from gpt-5.5 to gpt-5.5-mini" in text
    assert "  - tools_changed: tool shell was edited" in text
    assert "First difference in tools[0].description, from character 7 on: text" in text
    assert text.endswith("  both   Runs a \n  was  ▸ command.\n  now  ▸ script.")


def test_identities_are_compared_by_their_pseudonyms() -> None:
    other = turn_summary(identity={"key": ["dddddddddddd", "new"], "session": ["bbbbbbbbbbbb", "new"]})

    assert "  - key: aaaaaaaaaaaa became dddddddddddd" in compare(FIRST, turn_summary(), FIRST, other)


def test_an_edited_history_is_found() -> None:
    second: Object = {**FIRST, "input": [user("one"), user("2"), user("three")]}
    text = compare(FIRST, turn_summary(), second, turn_summary())

    assert "Of the first turn's 2 items, 1 is the same at the start of the second." in text
    assert "First difference in input[1].content[0].text" in text


def test_no_line_is_longer_than_the_width() -> None:
    """A turn's facts go on in line with the first ones."""
    second: Object = {**FIRST, "model": "a-long-name-of-a-model", "tools": []}
    lines = compare(FIRST, turn_summary(model="x" * 50), second, turn_summary(), NARROWEST).split("\n")

    assert lines[:2] == ["was  turn 7", f"     {'x' * 50}"]
    assert max(map(len, lines)) <= NARROWEST
