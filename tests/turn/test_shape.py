"""What changes in a text by itself is told by digests, and any other change is not taken for it."""

import json

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.items import to_json
from codexcache.turn.prompt import Tool, read_prompt
from codexcache.turn.shape import NO_SHAPE, VOLATILE, Shape, shape_of
from codexcache.turn.text_digest import digest_text
from hypothesis import assume, given
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import said, user

UUID_1, UUID_2 = "018f3c1e-6b1a-7c3d-9e2f-0a1b2c3d4e5f", "f18f3c1e-6b1a-7c3d-9e2f-0a1b2c3d4e60"


def differing(one: str, other: str) -> tuple[str, ...]:
    return shape_of(one.encode()).differing(shape_of(other.encode()))


@pytest.mark.parametrize(
    ("kinds", "was", "now"),
    [
        (["date"], "Today is 2026-11-20.", "Today is 2026-11-21."),
        (["date"], "Friday, November 20, 2026", "Tuesday, December 1, 2026"),
        (["date"], "It is Wednesday.", "It is Thursday."),
        (["date"], "on Sat Nov 21 2026", "on Sun Nov 22 2026"),
        (["date"], "am 21.11.2026 um", "am 2.12.2026 um"),
        (["date"], "20 November 2026", "1 December 2026"),
        (["date"], "今天是2026年11月21日。", "今天是2026年11月22日。"),
        (["time"], "at 2026-11-21T00:00:07Z, say", "at 2026-11-21T00:01:07Z, say"),
        (["time"], "at 2026-11-21 00:00:07.123+01:00", "at 2026-11-21 10:00:08.001+01:00"),
        (["time"], "It is 9:59 AM now", "It is 10:00 PM now"),
        (["time"], "now=1795222471", "now=1795222480"),
        (["time"], "now=1795222471123", "now=1795222480456"),
        (["date", "time"], "2026-11-21T23:59:59Z", "2026-11-22T00:00:01Z"),
        (["UUID"], f"id {UUID_1} end", f"id {UUID_2} end"),
        (["UUID"], f"id {UUID_1.upper()}", f"id {UUID_2.upper()}"),
        (["path"], "in /tmp/tmp8x3k/a.py, yes", "in /tmp/q91z/b.py, yes"),
        (["path"], "in /home/alice/x", "in /home/bob/y"),
        (["path"], "in C:\\Users\\alice\\x", "in C:\\Users\\bob\\x"),
        (["counter"], "turn 9 of", "turn 10 of"),
        (["counter"], "1,204 files", "14,205 files"),
        (["white space"], "one\ntwo", "one\r\ntwo"),
        (["white space"], "one two", "one  two"),
        (["white space"], "one", "one\n"),
        (["UUID", "counter"], f"turn 1 of {UUID_1}", f"turn 2 of {UUID_2}"),
        ([], "one two", "one three"),
        ([], "one", "one 1"),
        ([], "version is 3", "version was 4"),
        ([], "see /etc/hosts", "see /etc/passwd"),
    ],
)
def test_the_kinds_in_which_two_texts_differ_are_named(kinds: list[str], was: str, now: str) -> None:
    """The other way round, too, and within JSON."""
    assert [*differing(was, now)] == [*differing(now, was)] == kinds
    assert [*shape_of(to_json([f"a\n{was}"])).differing(shape_of(to_json([f"a\n{now}"])))] == kinds


def test_each_kind_has_a_name_for_sentences() -> None:
    assert VOLATILE["date"] == "a date"
    assert set(VOLATILE) == {"date", "time", "UUID", "counter", "path", "white space", "order"}


@prop
@given(st.text("abc 1:-/\n"), st.sampled_from("ghijkqvwxz"), st.sampled_from("ghijkqvwxz"), st.text("abc 1:-/\n"))
def test_texts_that_differ_in_a_letter_are_not_said_to_differ_by_themselves(
    before: str, one: str, other: str, after: str
) -> None:
    assume(one != other)

    assert differing(f"{before}{one}{after}", f"{before}{other}{after}") == ()


@prop
@given(st.text(max_size=40), st.sampled_from([" ", "\n", "\t\t", "\r\n"]), st.text(max_size=40))
def test_white_space_is_told_from_any_other_change(before: str, space: str, after: str) -> None:
    """Of few bits, some are equal by chance; then no kind is named."""
    one, other = (shape_of(f"{before};{between}{after}".encode()) for between in ("", space))

    assert one.says_the_same(other)
    assert one.differing(other) in (("white space",), ())


def test_what_has_no_shape_is_like_nothing() -> None:
    assert NO_SHAPE.differing(NO_SHAPE) == NO_SHAPE.differing(shape_of(b"x")) == ()


def test_instructions_have_a_shape_which_is_not_compared() -> None:
    """A store of an older version has none."""
    one, other = digest_text("It is 2026-11-20."), digest_text("It is 2026-11-21.")

    assert one.shape.differing(other.shape) == ("date",)
    assert one == type(one)(one.digest, one.length, one.checksums)


TOOL: Object = {"type": "function", "name": "t", "parameters": {"a": {"x": 1}, "b": {"y": 2}, "required": ["a", "b"]}}
TURNED: Object = {"type": "function", "name": "t", "parameters": {"required": ["b", "a"], "b": {"y": 2}, "a": {"x": 1}}}


def tool(given: Object) -> Tool:
    return read_prompt({"tools": [given]}).prefix.tools[0]


def test_a_tool_with_its_members_in_another_order_is_another_one_with_the_same_members() -> None:
    """The model is shown the order."""
    assert tool(TOOL) != tool(TURNED)
    assert tool(TOOL).members == tool(TURNED).members
    assert tool(TOOL).members != tool({**TOOL, "name": "u"}).members
    assert tool(TOOL) == Tool("t", tool(TOOL).digest, tool(TOOL).size)


@pytest.mark.parametrize(
    "value", ["\ud800", 10**30, json.loads("[" * 300 + '"x"' + "]" * 300)], ids=["half", "big", "deep"]
)
def test_a_tool_of_any_shape_has_members(value: Json) -> None:
    assert tool({"name": "t", "value": value}).members != tool({"name": "t"}).members


CALL: Json = {"type": "function_call", "call_id": "c", "name": "t", "arguments": "{}"}


@pytest.mark.parametrize(
    ("item", "is_shaped"),
    [
        (user("x"), True),
        (said("developer", "x"), True),
        (said("assistant", "x"), False),
        (CALL, True),
        ({**CALL, "arguments": ""}, False),  # type: ignore[dict-item]
        ({**CALL, "arguments": "[" * 3_000 + "]" * 3_000}, True),  # type: ignore[dict-item]
        ({"type": "reasoning", "encrypted_content": "x"}, False),
        (user("x" * 8_000), False),
        (said("developer", "x" * 30_000), True),
    ],
)
def test_messages_of_the_client_and_calls_have_a_shape_up_to_a_size(item: Json, is_shaped: bool) -> None:
    assert bool(read_prompt({"instructions": "i", "input": [item]}).items[0].shape.skeleton) == is_shaped


def call_shape(arguments: str) -> Shape:
    return read_prompt({"instructions": "i", "input": [{**CALL, "arguments": arguments}]}).items[0].shape  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("was", "now", "kinds"),
    [
        ('{"a": 1, "b": [2, 3]}', '{"a":1,"b":[2,3]}', ("white space",)),
        ('{"a":1,"b":2}', '{"b":2,"a":1}', ("order",)),
        ('{"a": 1,"b":2}', '{"b":2,"a":1}', ("white space", "order")),
    ],
)
def test_arguments_that_are_spelled_otherwise_have_the_same_skeleton(was: str, now: str, kinds: object) -> None:
    assert call_shape(was).says_the_same(call_shape(now))
    assert call_shape(was).differing(call_shape(now)) == kinds


@pytest.mark.parametrize("now", ['{"a":1,"b":3}', '{"a":12}', '{"a":0,"b":3}', '{"c":1,"b":2}'])
def test_other_arguments_have_another_skeleton(now: str) -> None:
    assert not call_shape('{"a":1,"b":2}').says_the_same(call_shape(now))
