"""What of a body is repaired, and that all of its other bytes stay."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from codexcache.body.json_splice import find_members, parse
from codexcache.options import Repair
from codexcache.repair.parts import Place
from codexcache.repair.plan import Plan, Sent, plan_repair, spliced
from hypothesis import given
from hypothesis import strategies as st

ALL: tuple[Repair, ...] = ("tool_order", "spelling", "volatile")


def tool(name: str) -> dict[str, Any]:
    """Return a function tool."""
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": {"a": {"maximum": 1.5}}}}


TOOLS = [tool(name) for name in ("read", "write", "bash", "grep")]
CLOCK = "You are an agent. It is {}. Use é and /."


def user(text: str) -> dict[str, Any]:
    """Return a user's message."""
    return {"type": "message", "role": "user", "content": text}


def developer(clock: str) -> dict[str, Any]:
    """Return a developer message with a clock in it."""
    return {"type": "message", "role": "developer", "content": CLOCK.format(clock)}


def body(**members: Any) -> bytes:
    """Return a body as a client spells it."""
    whole = {"model": "m", "tools": TOOLS, "instructions": CLOCK.format("10:02"), "input": [user("hi")], "x": 1.0}
    return json.dumps({**whole, **members}, ensure_ascii=False, separators=(",", ":")).encode()


def plan(known: Sent | None, text: bytes, *enabled: Repair, at: float = 60.0, is_delta: bool = False) -> Plan:
    """Return the plan of a body."""
    return plan_repair(known, text, find_members(text, parse(text)), Place(enabled, at), is_delta=is_delta)


def repaired(first: bytes, second: bytes, *enabled: Repair, at: float = 60.0) -> tuple[bytes, Plan]:
    """Return a body as it leaves after another one, and its plan."""
    found = plan(plan(None, first, *enabled, at=0.0).sent, second, *enabled, at=at)
    return spliced(second, found.repaired), found


def names(found: Plan) -> set[tuple[str, str]]:
    """Return what was repaired: by which repair, and where."""
    return {(part.repair, part.path) for part in found.repaired.parts}


def test_a_first_turn_leaves_as_it_came() -> None:
    assert plan(None, body(), *ALL).repaired == plan(None, body()).repaired
    assert plan(None, body(), *ALL).repaired.splices == ()


def test_tools_in_another_order_leave_as_before() -> None:
    left, found = repaired(body(), body(tools=TOOLS[::-1]), "tool_order")

    assert (left, names(found)) == (body(), {("tool_order", "tools")})


def test_tools_in_another_order_and_spelling_are_a_matter_of_their_order() -> None:
    again = body(tools=[dict(reversed(each.items())) for each in TOOLS[::-1]])

    assert repaired(body(), again, "tool_order")[0] == body()
    assert repaired(body(), again, "spelling")[0] == again
    assert names(repaired(body(), again, *ALL)[1]) == {("tool_order", "tools"), ("spelling", "tools")}


def test_tools_and_instructions_that_are_spelled_otherwise_leave_as_before() -> None:
    again = json.dumps(json.loads(body(tools=[dict(reversed(each.items())) for each in TOOLS]))).encode()

    left, found = repaired(body(), again, "spelling")
    assert names(found) == {("spelling", "tools"), ("spelling", "instructions"), ("spelling", "input[0]")}
    assert json.loads(left) == json.loads(again)
    assert left.replace(b", ", b",").replace(b": ", b":") == body()


def test_a_clock_in_the_instructions_stands_still() -> None:
    left, found = repaired(body(), body(instructions=CLOCK.format("10:09")), "volatile")

    assert left == body()
    assert [(part.kinds, part.since, part.sent, part.shown) for part in found.repaired.parts] == [
        (("time",), 0.0, ("10:09",), ("10:02",))
    ]


def test_a_clock_stands_still_at_the_first_turn_over_any_number_of_turns() -> None:
    sent = plan(None, body(), *ALL, at=0.0).sent
    for minute in range(3, 30):
        found = plan(sent, text := body(instructions=CLOCK.format(f"10:{minute:02}")), *ALL, at=60.0 * minute)
        assert spliced(text, found.repaired) == body()
        sent = found.sent

    assert sent.instructions_since == 0.0


def test_other_instructions_are_the_first_from_then_on() -> None:
    other = body(instructions="Be brief. It is 10:03.")
    left, found = repaired(body(), other, "volatile", at=90.0)

    assert (left, found.sent.instructions_since) == (other, 90.0)
    assert "instructions leave as the client sent them" in found.repaired.notes[0]
    later = body(instructions="Be brief. It is 10:04.")
    assert spliced(later, plan(found.sent, later, "volatile").repaired) == other


def test_a_clock_in_the_first_developer_message_stands_still() -> None:
    first, second = (
        body(input=[developer("10:02"), user("hi")]),
        body(input=[developer("10:09"), user("hi"), user("?")]),
    )

    left, found = repaired(first, second, "volatile")
    assert left == body(input=[developer("10:02"), user("hi"), user("?")])
    assert names(found) == {("volatile", "input[0]")}


def test_a_later_developer_message_is_left_alone() -> None:
    first, second = (body(input=[developer("1:00"), user("hi"), developer(clock)]) for clock in ("10:02", "10:09"))

    assert repaired(first, second, *ALL)[0] == second


def test_nothing_behind_an_item_that_says_something_else_is_repaired() -> None:
    def spelled(text: bytes) -> bytes:
        return text.replace(b'"content":"same"', b'"content": "same"')

    first = body(input=[user("same"), user("one"), user("same")])
    second = spelled(body(input=[user("same"), user("two"), user("same")]))

    left, found = repaired(first, second, *ALL)
    assert names(found) == {("spelling", "input[0]")}
    assert left == second.replace(b'"content": "same"', b'"content":"same"', 1)


def test_tools_that_stand_in_the_input_leave_as_before() -> None:
    def carrying(*tools: dict[str, Any]) -> bytes:
        space = {"type": "namespace", "name": "files", "tools": list(tools)}
        return body(tools=[], input=[{"type": "additional_tools", "tools": [space, TOOLS[3]]}, user("hi")])

    left, found = repaired(carrying(*TOOLS[:3]), carrying(*TOOLS[2::-1]), "tool_order")
    assert (left, names(found)) == (carrying(*TOOLS[:3]), {("tool_order", "input[0].tools")})


def test_a_tool_that_was_removed_is_said() -> None:
    left, found = repaired(body(), body(tools=TOOLS[:0:-1]), *ALL)

    assert left == body(tools=TOOLS[:0:-1])
    assert found.repaired.notes == ("tools leave as the client sent them: tool read does not come again as it was",)


def test_the_format_alone_is_repaired_within_text() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object", "properties": {}}}
    first = body(text={"format": schema, "verbosity": "low"})
    second = body(text={"verbosity": "high", "format": dict(reversed(schema.items()))})

    left, found = repaired(first, second, "spelling")
    assert (left, names(found)) == (
        body(text={"verbosity": "high", "format": schema}),
        {("spelling", "text.format")},
    )


def test_the_input_of_a_delta_is_new() -> None:
    known = plan(None, body(), *ALL).sent
    delta = body(tools=TOOLS[::-1], input=[user("hi ")])

    found = plan(known, delta, *ALL, is_delta=True)
    assert spliced(delta, found.repaired) == body(input=[user("hi ")])
    assert found.sent.items == known.items


def test_a_member_that_comes_twice_is_left_alone() -> None:
    twice = body(tools=TOOLS[::-1])[:-1] + b',"tools":[]}'

    assert repaired(body(), twice, *ALL)[0] == twice


@pytest.mark.parametrize("value", [None, "read", 1, {"a": 1}, []])
def test_tools_of_an_unusual_type_are_left_alone(value: object) -> None:
    assert repaired(body(), body(tools=value), *ALL)[0] == body(tools=value)
    assert repaired(body(tools=value), body(tools=TOOLS), *ALL)[0] == body(tools=TOOLS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ITEMS = st.lists(st.dictionaries(st.text(), JSON, max_size=3) | st.builds(user, st.text()), max_size=5)


def written(value: Any, choose: Callable[[int], int]) -> str:
    """Return a value in any of its spellings."""
    space = "" if choose(2) else " "
    if isinstance(value, dict):
        pairs = [f"{json.dumps(name)}{space}:{written(inner, choose)}" for name, inner in value.items()]
        return "{" + f",{space}".join(pairs[::-1] if choose(2) else pairs) + space + "}"
    if isinstance(value, list):
        return "[" + space + f"{space},".join(written(inner, choose) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=bool(choose(2)) or "\\ud" in json.dumps(value))


@given(ITEMS, ITEMS, JSON, st.randoms(use_true_random=False), st.sets(st.sampled_from(ALL)))
def test_what_leaves_says_the_same_and_all_other_bytes_stay(
    items: list[Any], new: list[Any], other: Any, chance: random.Random, enabled: set[Repair]
) -> None:
    def choose(count: int) -> int:
        return chance.randrange(count)

    first = {"tools": TOOLS, "instructions": CLOCK.format("10:02"), "input": items, "other": other}
    shuffled = chance.sample(TOOLS, len(TOOLS))
    second = {"a": other, **first, "tools": shuffled, "instructions": CLOCK.format("11:47"), "input": [*items, *new]}
    one, other_text = written(first, choose).encode(), written(second, choose).encode()

    left, found = repaired(one, other_text, *enabled)
    after = json.loads(left)
    assert multiset(after.pop("tools")) == multiset(second.pop("tools"))
    assert after.pop("instructions") in (first["instructions"], second.pop("instructions"))
    assert after == second
    assert outside(left, found, is_left=True) == outside(other_text, found)


def multiset(tools: list[Any]) -> list[str]:
    """Return tools in an order of their own."""
    return sorted(json.dumps(each, sort_keys=True) for each in tools)


def outside(text: bytes, found: Plan, *, is_left: bool = False) -> list[bytes]:
    """Return the bytes of a text between what is spliced into it, as it came or as it left."""
    parts, at, moved = list[bytes](), 0, 0
    for start, end, new in found.repaired.splices:
        parts.append(text[at : start + moved])
        at = start + moved + len(new) if is_left else end
        moved += len(new) - (end - start) if is_left else 0
    return [*parts, text[at:]]
