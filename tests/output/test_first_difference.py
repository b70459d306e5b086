"""Where two prompts part, what kind of text it is that differs, and how two turns are compared."""

import json
from dataclasses import replace

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.output.compare import compare
from codexcache.output.first_difference import (
    NOTHING,
    Difference,
    difference_lines,
    first_difference,
    first_difference_in_prompt,
)
from codexcache.text import NARROWEST
from support.turn_summaries import turn_summary

UUID_1, UUID_2 = "018f3c1e-6b1a-7c3d-9e2f-0a1b2c3d4e5f", "018f3c1e-6b1a-7c3d-9e2f-0a1b2c3d4e60"


def parted(was: Json, now: Json) -> Difference:
    """Return where two values part."""
    found = first_difference(was, now)
    assert found is not None
    return found


KINDS: list[tuple[str, Json, Json]] = [
    ("a date or time", "Today is 2026-11-20.", "Today is 2026-11-21."),
    ("a date or time", "at 2026-11-21T00:00:07Z, say", "at 2026-11-21T00:01:07Z, say"),
    ("a date or time", "at 2026-11-21 00:00:07.123+01:00", "at 2026-11-21 00:00:08.001+01:00"),
    ("a date or time", "It is 9:59 now", "It is 10:00 now"),
    ("a date or time", "It is 09:59:01 PM", "It is 09:59:02 PM"),
    ("a date or time", "Friday, November 20, 2026", "Saturday, November 21, 2026"),
    ("a date or time", "on Sat Nov 21 2026 00:00", "on Sun Nov 22 2026 00:00"),
    ("a date or time", "am 21.11.2026 um", "am 22.11.2026 um"),
    ("a date or time", "20 November 2026", "21 November 2026"),
    ("an epoch timestamp", "now=1795222471", "now=1795222480"),
    ("an epoch timestamp", "now=1795222471123", "now=1795222480456"),
    ("an epoch timestamp", "now=1795222471.5", "now=1795222480.1"),
    ("a UUID", f"id {UUID_1} end", f"id {UUID_2} end"),
    ("a UUID", f"id {UUID_1.upper()}", f"id {UUID_2.upper()}"),
    ("a temporary or home path", "in /tmp/tmp8x3k/a.py", "in /tmp/tmpq91z/a.py"),
    ("a temporary or home path", "in /home/alice/x", "in /home/bob/x"),
    ("a temporary or home path", "in /Users/alice/x", "in /Users/bob/x"),
    ("a temporary or home path", "in /var/folders/ab/T/x", "in /var/folders/cd/T/x"),
    ("a temporary or home path", "in /private/tmp/1", "in /private/tmp/2"),
    ("a temporary or home path", "in C:\\Users\\alice\\x", "in C:\\Users\\bob\\x"),
    ("a counter or number", "turn 9 of", "turn 10 of"),
    ("a counter or number", "turn 12 of", "turn 123 of"),
    ("a counter or number", "1,204 files", "1,205 files"),
    ("a counter or number", 1, 2),
    ("the order of members", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("the order of a list", ["x", "y"], ["y", "x"]),
    ("the order of a list", [{"name": "x"}, {"name": "y"}], [{"name": "y"}, {"name": "x"}]),
    ("white space or line ends", "one\ntwo", "one\r\ntwo"),
    ("white space or line ends", "one two", "one  two"),
    ("white space or line ends", "one", "one\n"),
    ("white space or line ends", "one\ttwo", "one two"),
    ("text", "one two", "one three"),
    ("text", "one", "one two"),
    ("text", "x1y", "xzy"),
    ("text", None, "x"),
    ("text", True, 1),
    ("text", "version is 3", "version was 4"),
]


@pytest.mark.parametrize(("kind", "was", "now"), KINDS)
def test_the_token_that_differs_is_named(kind: str, was: Json, now: Json) -> None:
    """The other way round, too."""
    assert (parted(was, now).kind, parted(now, was).kind) == (kind, kind)


@pytest.mark.parametrize("value", ["", "x", None, 0, [], {}, {"a": [1, {"b": "c"}]}])
def test_what_is_spelled_alike_has_no_difference(value: Json) -> None:
    assert first_difference(value, value) is None


def test_both_sides_are_shown_with_what_stands_around() -> None:
    """Sixty characters before, and sixty from the difference on."""
    found = parted("a" * 100 + "x" + "b" * 100, "a" * 100 + "y" + "b" * 10)

    assert found == Difference(
        path="", offset=100, context="…" + "a" * 60, was="x" + "b" * 59 + "…", now="y" + "b" * 10, kind="text"
    )


@pytest.mark.parametrize(
    ("was", "now", "place", "offset"),
    [
        ({"a": {"b": "xy"}}, {"a": {"b": "xz"}}, "a.b", 1),
        ({"a": [1, {"b": "xy"}]}, {"a": [1, {"b": "xz"}]}, "a[1].b", 1),
        ({"a": 1}, {"a": 1, "b": 2}, "b", 0),
        ([1], [1, 2], "[1]", 0),
        ({"a": [1]}, {"a": {"b": 1}}, "a", 0),
        ({"\x1b[2J": 1}, {"\x1b[2J": 2}, "␛[2J", 0),
    ],
)
def test_the_place_of_a_difference_is_named(was: Json, now: Json, place: str, offset: int) -> None:
    assert (parted(was, now).path, parted(was, now).offset) == (place, offset)


def user(text: str) -> Json:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


TURNED_ROUND: Json = {"content": [{"text": "one", "type": "input_text"}], "role": "user", "type": "message"}
BASE: Object = {
    "tools": [{"name": "a"}, {"name": "b"}],
    "text": {"format": {"type": "text"}},
    "instructions": "Be brief.",
    "input": [user("one"), user("two")],
}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"tools": [{"name": "a"}, {"name": "c"}]}, "tools[1].name"),
        ({"tools": []}, "tools[0]"),
        ({"text": {"format": {"type": "json"}}}, "text.format.type"),
        ({"instructions": "Be long."}, "instructions"),
        ({"input": [user("one"), user("2")]}, "input[1].content[0].text"),
        ({"input": [user("one")]}, "input[1]"),
        ({"instructions": "Be long.", "tools": [{"name": "x"}]}, "tools[0].name"),
        ({"input": "one"}, "input[1]"),
    ],
)
def test_the_first_difference_is_that_of_the_prompt_as_it_is_rendered(change: Object, place: str) -> None:
    """Tools, format, instructions, items; a bare string is one item."""
    found = first_difference_in_prompt(BASE, {**BASE, **change})

    assert found is not None
    assert found.path == place


def test_an_item_of_another_kind_is_shown_with_what_it_says() -> None:
    """Not merely that the kinds differ."""
    answer: Json = {"type": "message", "role": "assistant", "content": "I see."}
    found = first_difference_in_prompt(BASE, {**BASE, "input": [user("one"), answer]})

    assert found is not None
    assert (found.path, found.was[:8], found.now[:13]) == ("input[1]", 'user","c', 'assistant","c')
    assert "I see." in found.now


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"input": [user("one"), user("two"), user("three")]},
        {"input": [{**user("one"), "id": "item_1", "status": "completed"}, user("two")]},  # type: ignore[dict-item]
        {"input": [TURNED_ROUND, user("two")]},
        {"model": "another"},
        {"stream": True},
    ],
)
def test_what_is_appended_or_not_seen_by_the_model_is_no_difference(change: Object) -> None:
    assert first_difference_in_prompt(BASE, {**BASE, **change}) is None


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_what_differs_below_a_thousand_levels_is_compared_as_text(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    was, now = (json.loads(opening * 900 + text + closing * 900) for text in ('"x"', '"y"'))
    found = parted(was, now)

    assert (found.was[:1], found.now[:1]) == ("x", "y")


def test_of_a_place_with_giant_names_the_end_is_shown_and_what_is_missing_is_called_nothing() -> None:
    found, missing = parted({"n" * 10_000: {"end": 1}}, {"n" * 10_000: {"end": 2}}), parted({"a": "x"}, {})

    assert found.path.endswith("nnn.end")
    assert len(found.path) == 300
    assert (missing.was, missing.now) == ("x", NOTHING)


DIFFERENCE = Difference(path="tools[1].description", offset=460, context="…to disk. ", was="a", now="b", kind="text")


def test_both_sides_are_shown_with_the_place_and_the_kind() -> None:
    assert list(difference_lines(DIFFERENCE, 76)) == [
        "First difference in tools[1].description, from character 460 on: text",
        "  both   …to disk. ",
        "  was  ▸ a",
        "  now  ▸ b",
    ]
    assert list(difference_lines(DIFFERENCE, 62))[:2] == [  # where both do not fit in one line
        "First difference in tools[1].description,",
        "  from character 460 on: text",
    ]


def test_what_is_too_long_is_cut_away_from_the_difference() -> None:
    _, *sides = difference_lines(replace(DIFFERENCE, context="b" * 90, was="w" * 90, now="n" * 90), 76)

    assert sides == [f"  both   …{'b' * 66}", f"  was  ▸ {'w' * 66}…", f"  now  ▸ {'n' * 66}…"]


def test_where_there_is_no_place_or_no_difference_that_is_told() -> None:
    nowhere = difference_lines(replace(DIFFERENCE, path=""), 76)

    assert next(nowhere) == "First difference, from character 460 on: text"
    assert list(difference_lines("the flow is gone.", 76)) == ["First difference: the flow is gone."]
    assert list(difference_lines(None, 76)) == []


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
