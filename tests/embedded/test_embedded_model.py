"""The rules of the prompt cache's model, one by one, and the store of the cache servers by a clock of its own."""

import pytest
from embedded_backend import model


def test_one_session_always_routes_to_the_same_server() -> None:
    assert len({model.server_of("session", 8) for _ in range(3)}) == 1


def test_sessions_spread_over_all_servers() -> None:
    assert set(range(8)) == {model.server_of(f"session {number}", 8) for number in range(200)}


@pytest.mark.parametrize(
    ("session", "key_partitions", "same"), [("session", False, True), ("session", True, False), (None, True, True)]
)
def test_a_key_separates_in_a_session_where_the_rules_say_so(
    session: str | None, key_partitions: bool, same: bool
) -> None:
    one, other = [model.partition(session, key, key_partitions) for key in "ab"]

    assert (one == other) is same


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


def test_steps_are_full_and_depend_on_all_before_them() -> None:
    one, two = model.steps(b"a" * 1024), model.steps(b"b" + b"a" * 1023)

    assert [len(one), len(two)] == [2, 2]
    assert set() == set(one) & set(two)


def test_a_longer_prompt_has_the_same_first_steps() -> None:
    assert model.steps(b"a" * 1024) == model.steps(b"a" * 1024 + b"b" * 600)[:2]


@pytest.mark.parametrize(("matched", "tokens"), [(0, 0), (7, 0), (8, 1024), (9, 1152)])
def test_reads_come_in_steps_from_the_minimum_on(matched: int, tokens: int) -> None:
    assert tokens == model.cached_tokens(matched)


SCOPE = model.Scope(1, "account", ("session", ""), b"members")
PROMPT = b"x" * 8000  # 2,000 tokens, 15 full steps
ALL = 15 * 128


@pytest.mark.parametrize(
    ("scope", "prompt", "now", "read"),
    [
        (SCOPE, PROMPT + b"y" * 4000, 1, ALL),
        (SCOPE, b"y" + PROMPT[1:], 1, 0),
        (SCOPE._replace(server=2), PROMPT, 1, 0),
        (SCOPE._replace(account="other"), PROMPT, 1, 0),
        (SCOPE, PROMPT, 301, 0),
    ],
    ids=["continued", "early difference", "another server", "another account", "idle too long"],
)
def test_a_second_prompt_reads_what_it_shares_with_the_first(
    scope: model.Scope, prompt: bytes, now: float, read: int
) -> None:
    cache = model.PromptCache()

    assert cache.take(SCOPE, PROMPT, 0, 300) == 0
    assert cache.take(scope, prompt, now, 300) == read


def test_a_small_prompt_is_not_remembered() -> None:
    cache = model.PromptCache()
    cache.take(SCOPE, PROMPT[:4095], 0, 300)

    assert cache.take(SCOPE, PROMPT, 1, 300) == 0


def test_use_keeps_an_entry_alive() -> None:
    cache = model.PromptCache()

    assert [cache.take(SCOPE, PROMPT, now, 300) for now in (0, 200, 400, 600)] == [0, ALL, ALL, ALL]


def test_beyond_the_limit_the_longest_unused_goes_first() -> None:
    cache = model.PromptCache(limit=20)
    cache.take(SCOPE, PROMPT, 0, 300)
    cache.take(SCOPE, b"y" * 8000, 1, 300)

    assert cache.take(SCOPE, PROMPT, 2, 300) == 0
