"""Every difference between a turn and its predecessor is found, named, and said without a word of the prompt."""

from dataclasses import replace

import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.prompt_diff import find_changes
from codexcache.text import common_prefix_length
from codexcache.turn.ledger import Condition, Ledger
from codexcache.turn.record import Record, Route
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop
from support.records import match, record, route
from support.turns import conversation, user

ITEMS = conversation("a", "b", "c", "d", "e")
COMPACTION: Json = {"type": "compaction", "encrypted_content": "x"}
WEBSOCKET = {"transport": "websocket", "socket": "1"}
KEY_CHANGED = "prompt_cache_key_changed"


def tool(name: str, description: str = "d") -> Json:
    return {"type": "function", "name": name, "description": description}


def differences(mine: Record, other: Record) -> list[tuple[str, str]]:
    """Return the names of all changes with what is said of them."""
    return [(change.name, change.detail) for change in find_changes(mine, match(mine, other))]


def told(was: Object, now: Object) -> list[tuple[str, str]]:
    """Return what changed between two bodies."""
    return differences(record(2, ITEMS, body=now), record(1, ITEMS[:3], body=was))


def routed(was: dict[str, object], now: dict[str, object]) -> list[tuple[str, str]]:
    """Return what changed between two ways to leave."""
    return differences(record(2, ITEMS, via=route(**now)), record(1, ITEMS[:3], via=route(**was)))


NO_EFFORT: Object = {"reasoning": {"effort": "none"}}
LOW, HIGH = ({"text": {"verbosity": verbosity}} for verbosity in ("low", "high"))
JSON_FORMAT: Object = {"text": {"format": {"type": "json_object"}}}
BRIEF, BRIGHT = ({"instructions": f"Be {how}."} for how in ("brief", "bright"))
PARALLEL, SERIAL = ({"parallel_tool_calls": value} for value in (True, False))


@pytest.mark.parametrize(
    ("was", "now", "name", "detail"),
    [
        ({"model": "a"}, {"model": "b"}, "model_changed", "the model went from a to b"),
        ({}, {"service_tier": "flex"}, "service_tier_changed", "the service tier went from unset to flex"),
        (NO_EFFORT, {"reasoning": {}}, "reasoning_effort_changed", "the reasoning effort went from none to unset"),
        (LOW, HIGH, "verbosity_changed", "the verbosity went from low to high"),
        ({}, JSON_FORMAT, "text_format_changed", "the text format differs from the predecessor's"),
        (PARALLEL, SERIAL, "parallel_tool_calls_changed", "parallel_tool_calls went from true to false"),
        (BRIEF, BRIGHT, "instructions_changed", "the instructions differ from about character 0 on"),
    ],
)
def test_a_changed_member_is_named(was: Object, now: Object, name: str, detail: str) -> None:
    assert told(was, now) == [(name, detail)]


def test_tools_and_items_are_named_with_what_was_done_to_them() -> None:
    edited = told({"tools": [tool("a"), tool("b")]}, {"tools": [tool("a", "e"), tool("b")]})
    other, mine = record(1, ITEMS[:3]), record(2, [*ITEMS[:1], *ITEMS[2:]])
    (change,) = find_changes(mine, match(mine, other))

    assert edited == [("tools_changed", "tool a was edited")]
    assert (change.name, change.edit, change.detail) == (
        "input_changed",
        "dropped",
        "an assistant message was dropped from input[1]",
    )


@pytest.mark.parametrize(
    ("was", "now", "name", "detail"),
    [
        ({}, {"account": "b"}, "account_changed", "another account sent it, and accounts share no cache"),
        ({}, {"caller": b"d"}, "account_changed", "another user sent it, and accounts share no cache"),
        ({}, {"key": "l"}, KEY_CHANGED, "it came with another prompt_cache_key"),
        ({"key": None}, {}, KEY_CHANGED, "its predecessor had no prompt_cache_key"),
        ({}, {"key": None}, KEY_CHANGED, "it left without the key that its predecessor had"),
        ({}, {"session": "t"}, "session_changed", "it came with another session"),
        ({"session": None}, {}, "session_changed", "its predecessor had no session header"),
        ({}, {"session": None}, "session_missing", "it left without a session header, which the backend routes by"),
        ({}, {"host": "h"}, "transport_changed", "it went to another host than its predecessor"),
        ({"socket": "1"}, {"socket": "2"}, "transport_changed", "it came over another WebSocket than its predecessor"),
        (WEBSOCKET, {}, "transport_changed", "it came over HTTP, its predecessor over a WebSocket"),
    ],
)
def test_another_way_to_leave_is_named(was: dict[str, object], now: dict[str, object], name: str, detail: str) -> None:
    assert routed(was, now) == [(name, detail)]


def test_an_account_that_is_not_known_is_no_other_one_nor_is_anything_else_that_is_the_same() -> None:
    assert routed({"account": ""}, {}) == routed({}, {"account": ""}) == routed({}, {}) == told({}, {}) == []
    assert [name for name, _ in routed({"session": None}, {"session": None})] == ["session_missing"]


@pytest.mark.parametrize(
    ("key", "echo", "expected"), [("k", "k", []), ("k", None, []), ("k", "x", ["key_replaced"]), (None, "x", [])]
)
def test_a_key_is_replaced_if_another_comes_back(key: str | None, echo: str | None, expected: list[str]) -> None:
    mine = record(2, ITEMS, via=route(key=key), echoed_key=echo)

    assert [name for name, _ in differences(mine, record(1, ITEMS[:3], via=route(key=key)))] == expected


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("prompt_cache_key", "prompt_cache_key"),
        ("session", "session"),
        ("idempotency_key", "Idempotency-Key"),
        ("conversation", "opening"),
    ],
)
def test_a_changed_key_is_told_by_what_the_client_sent(source: str, said: str) -> None:
    """Never by a value that was derived from it. What changes on each request is said to."""
    always = Ledger(conditions=(Condition(KEY_CHANGED, 2, 0),), turns=3)
    other, mine = record(1, ITEMS[:3]), record(2, ITEMS, via=route(key="l", key_source=source))

    assert differences(mine, other) == [(KEY_CHANGED, f"it came with another {said}")]
    assert differences(mine, replace(other, ledger=always)) == [
        (KEY_CHANGED, f"the client sends a new {said} on each request")
    ]


def test_what_was_served_otherwise_is_a_difference_if_both_say_what_it_was() -> None:
    other, mine = record(1, ITEMS[:3], served_model="a", served_service_tier="default"), record(2, ITEMS)
    otherwise = replace(mine, served_model="b", served_service_tier="flex")

    assert differences(mine, other) == []
    assert [change.served for change in find_changes(otherwise, match(otherwise, other))] == [True, True]


def test_a_history_that_the_client_summarized_was_compacted() -> None:
    other = record(1, [*ITEMS, user("x" * 900)])
    mine = record(2, [*ITEMS[:1], user("the summary")], quoting=(1,))

    assert differences(mine, other)[0] == (
        "context_compacted",
        "the client compacted the history: input[1] holds a summary from an earlier answer",
    )


@prop
@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_the_offset_is_that_of_the_first_character_that_differs(one: str, other: str) -> None:
    naive = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))

    assert common_prefix_length(one, other) == naive


bodies = st.sampled_from([{}, {"tools": [tool("shell")]}, {"reasoning": {"effort": "high"}}, {"instructions": "other"}])
routes = st.sampled_from([route(), route(), route(key="other"), route(session=None), route(session=None, key=None)])
histories = st.sampled_from([ITEMS[:1], ITEMS[:3], ITEMS, [*ITEMS[:2], COMPACTION], [user("x"), *ITEMS[1:]]])


@prop
@given(bodies, bodies, routes, routes, histories, histories, st.sampled_from([None, "k", "another"]))
def test_turns_that_leave_alike_differ_in_what_a_full_comparison_finds(
    was: Object, now: Object, old: Route, new: Route, before: list[Json], items: list[Json], echo: str | None
) -> None:
    """Turns that leave alike have one route and one head; one whose route is a copy is looked at in all respects."""
    other = record(1, before, body=was, via=old)
    mine = record(2, items, body=now, via=old if new == old else new, echoed_key=echo)
    copied = replace(mine, route=replace(mine.route))

    assert find_changes(mine, match(mine, other)) == find_changes(copied, match(copied, other))
