"""What was edited of tools and instructions is said by name, order and what changes by itself."""

from typing import Any

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.prefix_edits import Difference, instructions_difference, tools_difference
from codexcache.turn.prompt import read_prompt
from codexcache.turn.text_digest import digest_text


def tool(name: str, description: str = "Runs a command.", **parameters: Json) -> Object:
    return {"type": "function", "name": name, "description": description, "parameters": parameters or {"a": 1, "b": 2}}


TOOLS = [tool(name) for name in ("shell", "read", "write", "plan")]
TURNED: dict[str, Any] = {"b": 2, "a": 1}


def tools(was: list[Object], now: list[Object]) -> Difference:
    return tools_difference(read_prompt({"tools": [*now]}).prefix.tools, read_prompt({"tools": [*was]}).prefix.tools)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ([tool("shell", "Runs a script."), *TOOLS[1:]], Difference("tool shell was edited", "rewritten")),
        ([*TOOLS, tool("patch")], Difference("tool patch was added", "inserted")),
        (TOOLS[1:], Difference("tool shell was removed", "dropped")),
        (TOOLS[2:], Difference("tool shell (and 1 more) was removed", "dropped")),
        (TOOLS[::-1], Difference("the same 4 tools came in another order", "moved", ("order",))),
        (
            [tool("shell", **TURNED), *TOOLS[1:]],
            Difference("the members of tool shell came in another order", "re-spelled", ("order",)),
        ),
        (
            [tool(name, **TURNED) for name in ("shell", "read", "write", "plan")],
            Difference("the members of 4 tools came in another order", "re-spelled", ("order",)),
        ),
        (
            [tool("shell", "Runs a script."), tool("read", **TURNED), *TOOLS[2:]],
            Difference("tool shell was edited, the members of tool read came in another order", "rewritten"),
        ),
        (
            [tool("plan", **TURNED), *TOOLS[:3]],
            Difference(
                "the members of tool plan came in another order, the tools came in another order",
                "rewritten",
                ("order",),
            ),
        ),
        (
            [*TOOLS, TOOLS[0]],
            Difference("the same 4 tools are listed a different number of times", "moved"),
        ),
    ],
    ids=lambda value: value.detail if isinstance(value, Difference) else "",
)
def test_the_difference_of_tools_is_said_in_plain_words(now: list[Object], expected: Difference) -> None:
    assert tools(TOOLS, now) == expected


def test_tools_that_differ_in_what_changes_by_itself_are_not_called_edited() -> None:
    """A date in a description, also where the members came in another order."""
    was = [tool("shell", "As of 2026-11-20."), tool("read", "Of run 1."), tool("plan")]
    now = [tool("shell", "As of 2026-11-21.", **TURNED), tool("read", "Of run 1."), tool("plan")]
    both = [now[0], tool("read", "Of run 2."), tool("plan")]

    assert tools(was, now) == Difference("tool shell differs only in a date", "rewritten", ("date",))
    assert tools(was, both) == Difference(
        "tool shell (and 1 more) differ only in a date and a counter or number", "rewritten", ("date", "counter")
    )


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        ("Be brief.", "Be long.", Difference("the instructions differ from about character 0 on", "rewritten")),
        ("", "Be long.", Difference("instructions were added", "inserted")),
        ("Be brief.", "", Difference("instructions were left out", "dropped")),
        (
            f"{'Be brief. ' * 10} Today is 2026-11-20.",
            f"{'Be brief. ' * 10} Today is 2026-11-21.",
            Difference("the instructions differ only in a date, from about character 96 on", "rewritten", ("date",)),
        ),
        (
            "Be brief.\nBe kind.",
            "Be brief.\r\nBe kind.",
            Difference(
                "the instructions differ only in white space, from about character 0 on", "re-spelled", ("white space",)
            ),
        ),
    ],
)
def test_the_difference_of_instructions_is_said_in_plain_words(was: str, now: str, expected: Difference) -> None:
    assert instructions_difference(digest_text(now), digest_text(was)) == expected
