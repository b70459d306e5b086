"""The rules of the prompt cache's model, one by one."""

import pytest
from embedded_backend import model


def test_one_session_always_routes_to_the_same_server() -> None:
    assert len({model.server_of("session", 8) for _ in range(3)}) == 1


def test_sessions_spread_over_all_servers() -> None:
    assert set(range(8)) == {model.server_of(f"session {number}", 8) for number in range(200)}


def test_a_key_without_a_session_header_is_replaced() -> None:
    assert model.key_in_effect(None, "key", "fresh") == "fresh"


def test_a_key_with_a_session_header_is_echoed_as_sent() -> None:
    assert model.key_in_effect("session", "key", "fresh") == "key"


def test_a_session_keeps_its_partition_under_another_key() -> None:
    assert model.partition("session", "a", False) == model.partition("session", "b", False)


def test_a_key_separates_where_the_rules_say_so() -> None:
    assert model.partition("session", "a", True) != model.partition("session", "b", True)


def test_without_a_session_nothing_is_separated() -> None:
    assert model.partition(None, "a", True) == model.partition(None, "b", True)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "gpt-6"},
        {"tools": [{"type": "function", "name": "b"}, {"type": "function", "name": "a"}]},
        {"reasoning": {"effort": "high"}},
        {"text": {"verbosity": "low"}},
        {"text": {"format": {"type": "json_object"}}},
        {"service_tier": "priority"},
        {"parallel_tool_calls": False},
    ],
)
def test_each_affecting_member_separates(change: dict[str, object]) -> None:
    before = {"model": "gpt-5.5", "tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "b"}]}

    assert model.members(before) != model.members(before | change)


@pytest.mark.parametrize("change", [{"client_metadata": {"a": "b"}}, {"tool_choice": "none"}, {"include": []}])
def test_other_members_do_not_separate(change: dict[str, object]) -> None:
    assert model.members({"model": "gpt-5.5"}) == model.members({"model": "gpt-5.5"} | change)


def test_a_member_of_another_type_is_as_if_absent() -> None:
    assert model.members({"reasoning": "high", "text": None}) == model.members({})


def test_four_bytes_are_a_token() -> None:
    assert [model.tokens(size) for size in (3, 4, 7, 8)] == [0, 1, 1, 2]


def test_steps_are_full_and_stand_for_all_before_them() -> None:
    one, two = model.steps(b"a" * 1024), model.steps(b"b" + b"a" * 1023)

    assert [len(one), len(two)] == [2, 2]
    assert set() == set(one) & set(two)


def test_a_longer_prompt_has_the_same_first_steps() -> None:
    assert model.steps(b"a" * 1024) == model.steps(b"a" * 1024 + b"b" * 600)[:2]


@pytest.mark.parametrize(("matched", "tokens"), [(0, 0), (7, 0), (8, 1024), (9, 1152)])
def test_reads_come_in_steps_from_the_minimum_on(matched: int, tokens: int) -> None:
    assert tokens == model.cached_tokens(matched)
