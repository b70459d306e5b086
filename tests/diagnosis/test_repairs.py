"""What repair saved a turn, and what is said of a miss that it would have prevented."""

from dataclasses import replace
from typing import Any

import pytest
from codexcache.body.json_splice import Json
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.repairs import Preventable
from codexcache.turn.repaired import Part, RepairedTurn
from support.diagnoses import USER, Harness
from support.turns import NATIVE, turn, user

ANSWER: Json = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "I see what you mean."}],
}
LONG = "Look at the tests of a module before you change it. " * 200


def tool(name: str) -> dict[str, Any]:
    """Return a function tool."""
    return {"type": "function", "name": name, "parameters": {"type": "object", "required": ["a", "b"]}}


READ, WRITE, BASH = tool("read"), tool("write"), tool("bash")
FIRST: dict[str, Any] = {"tools": [READ, WRITE], "instructions": LONG, "input": [user("hi")]}


def second(
    harness: Harness, ended: str = "completed", cached: int = 0, headers: Any = USER, **members: Json
) -> Diagnosis:
    """Return what is found of the second turn of a conversation whose first ended in a way."""
    one = harness.send(headers, **FIRST)
    one.response_info.ended, one.response_info.outputs = ended, [ANSWER]
    harness.continuity.finish(one, harness.settings)
    harness.end(one)
    return harness.turn(10_500, cached, headers, **{**FIRST, "input": [user("hi"), ANSWER, user("?")], **members})


@pytest.mark.parametrize(
    ("members", "repairs"),
    [
        ({"tools": [WRITE, READ]}, ("tool_order",)),
        ({"tools": [BASH, WRITE, READ]}, ("tool_order",)),
        ({"tools": [dict(reversed(READ.items())), WRITE]}, ("spelling",)),
        ({"tools": [WRITE, dict(reversed(READ.items()))]}, ("tool_order",)),
        ({"instructions": f"It is 10:05. {LONG}"}, ()),
        ({"tools": [READ]}, ()),
        ({"tools": [READ, WRITE, BASH]}, ()),
        ({"tools": [READ, {**WRITE, "parameters": {"type": "object", "required": ["b", "a"]}}]}, ()),
        ({"tools": [WRITE, READ], "instructions": "Be brief."}, ()),
    ],
)
def test_a_miss_says_which_repair_would_have_prevented_it(members: dict[str, Any], repairs: tuple[str, ...]) -> None:
    found = second(Harness(), **members)

    assert found.preventing == repairs
    assert ("codex_repair" in found.verdict.because) is bool(repairs)


@pytest.mark.parametrize(
    ("was", "now", "repairs"),
    [
        ("It is 10:02.", "It is 10:05.", ("volatile",)),
        ("Request 1.", "Request 2.", ()),
        ("Now 2026-11-30 10:02.", "Now 2026-12-01 09:05.", ("volatile",)),
        ("Today is 2026-11-30.", "Today is 2026-12-01.", ()),
        ("Work in /home/ada.", "Work in /home/bob.", ()),
        ("Be kind.", "Be brief.", ()),
    ],
)
def test_instructions_count_where_they_differ_in_what_is_passed_over(
    was: str, now: str, repairs: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FIRST, "instructions", f"{was} {LONG}")

    assert second(Harness(), instructions=f"{now} {LONG}").preventing == repairs


def test_two_repairs_are_named_together() -> None:
    harness = Harness()
    first: dict[str, Any] = {**FIRST, "instructions": f"At 1:02 {LONG}"}
    one = harness.send(**first)
    one.response_info.ended, one.response_info.outputs = "completed", [ANSWER]
    harness.continuity.finish(one, harness.settings)
    harness.end(one)
    again: dict[str, Any] = {
        "tools": [WRITE, READ],
        "instructions": f"At 1:05 {LONG}",
        "input": [user("hi"), ANSWER, user("?")],
    }
    assert harness.turn(10_500, 0, **again).preventing == ("tool_order", "volatile")


@pytest.mark.parametrize("headers", [{**USER, **NATIVE}])
def test_the_official_client_is_never_advised(headers: dict[str, str]) -> None:
    assert second(Harness(), headers=headers, tools=[WRITE, READ]).preventing == ()


def test_observe_advises_nothing() -> None:
    assert second(Harness("observe"), tools=[WRITE, READ]).preventing == ()


def test_behind_a_turn_that_did_not_end_well_nothing_is_advised() -> None:
    assert second(Harness(), ended="incomplete", tools=[WRITE, READ]).preventing == ()


def test_a_hit_needs_no_advice() -> None:
    assert second(Harness(), cached=9_900, tools=[WRITE, READ]).preventing == ()


def test_misses_are_counted_by_the_day() -> None:
    preventable = Preventable()
    lines = [preventable.advice(("tool_order",), at) for at in (10.0, 20.0, 86_399.0, 86_400.0)]

    assert lines == [
        "codex_repair=tool_order would have prevented it",
        "codex_repair=tool_order would have prevented it, as 1 more miss today",
        "codex_repair=tool_order would have prevented it, as 2 more misses today",
        "codex_repair=tool_order would have prevented it",
    ]


@pytest.mark.parametrize(("cached", "saved"), [(9_856, 9_856), (4_096, 4_096), (0, 0)])
def test_a_repair_saved_what_the_turn_read_beyond_the_clients_first_difference(cached: int, saved: int) -> None:
    harness = Harness()
    harness.turn(**FIRST)
    again: dict[str, Any] = {**FIRST, "input": [user("hi"), ANSWER, user("?")]}
    sent = harness.send(**again)
    sent.repair = RepairedTurn(enabled=frozenset(), forwarded=sent.turn, parts=(Part("tool_order", "tools"),))
    sent.edits = replace(sent.edits, changed=("tools",))
    sent.turn = turn(USER, {"model": "m", **again, "tools": [WRITE, READ]})

    found = harness.end(sent, 10_500, cached)
    assert sent.repair.saved == saved
    assert (f"without tool_order {saved:,} tokens would have been re-sent" in found.verdict.because) is bool(saved)
