"""How a turn's prompt is rendered, and what of it the model of the prompt cache reads, by a clock of its own."""

from typing import Any

import pytest
from embedded_backend import model

USER = {"role": "user", "content": "hello"}
CALL = {"type": "function_call", "name": "shell", "arguments": "{}"}


def test_tools_come_before_instructions_before_input_to_which_later_items_are_appended() -> None:
    body = {"input": [USER], "instructions": "be brief", "tools": [{"name": "shell"}]}

    assert model.render(body, model.items_of(body)) == b'{"name":"shell"}\nbe brief\n<user>\nhello'
    assert model.render({}, [USER]) == b"\n<user>\nhello"
    assert model.render({}, [USER, CALL]).startswith(model.render({}, [USER]))


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("hello", [USER]),
        ([{"role": "user", "content": [{"type": "input_text", "text": "hello", "annotations": []}]}], [USER]),
        ([{"type": "message", "id": "msg_1", "role": "user", "content": "hello", "status": "completed"}], [USER]),
        ([dict(reversed(CALL.items()))], [CALL]),
        (None, []),
        ("", []),
    ],
)
def test_input_reads_the_same_in_each_spelling(given: object, same: list[Any]) -> None:
    assert model.render({}, model.items_of({"input": given})) == model.render({}, same)


def test_what_has_no_text_is_rendered_whole_and_odd_tools_do_not_stop_it() -> None:
    image = {"role": "user", "content": [{"type": "input_image", "image_url": "data:,", "detail": "low"}, None]}
    whole = b'\n1\n<user>\n{"detail":"low","image_url":"data:,","type":"input_image"}\nnull'

    assert model.render({"tools": 1}, [1, image]) == whole


@pytest.mark.parametrize(
    ("change", "separates"),
    [
        ({"model": "gpt-6"}, True),
        ({"tools": [{"type": "function", "name": "b"}, {"type": "function", "name": "a"}]}, True),
        ({"reasoning": {"effort": "high"}}, True),
        ({"text": {"verbosity": "low"}}, True),
        ({"text": {"format": {"type": "json_object"}}}, True),
        ({"service_tier": "priority"}, True),
        ({"parallel_tool_calls": False}, True),
        ({"client_metadata": {"a": "b"}}, False),
        ({"tool_choice": "none"}, False),
        ({"include": []}, False),
        ({"reasoning": "of another type", "text": None}, False),
    ],
)
def test_members_that_affect_the_answer_separate_entries(change: dict[str, object], separates: bool) -> None:
    before = {"model": "gpt-5.5", "tools": [{"type": "function", "name": "a"}, {"type": "function", "name": "b"}]}

    assert (model.members(before) != model.members(before | change)) is separates


SCOPE = model.Scope(1, "account", ("session", ""), b"members")
STEP = 512  # bytes, which are 128 tokens
PROMPT = b"x" * 8000  # 2,000 tokens, 15 full steps
OTHER = b"y" * 4000
ALL = 15 * 128


@pytest.mark.parametrize(
    ("scope", "text", "now", "read"),
    [
        pytest.param(SCOPE, PROMPT + OTHER, 1, ALL, id="continued"),
        pytest.param(SCOPE, b"y" + PROMPT[1:], 1, 0, id="early difference"),
        pytest.param(SCOPE, PROMPT[: 8 * STEP - 1] + OTHER, 1, 0, id="less than the minimum"),
        pytest.param(SCOPE, PROMPT[: 8 * STEP] + OTHER, 1, 1024, id="the minimum"),
        pytest.param(SCOPE, PROMPT[: 9 * STEP] + OTHER, 1, 1152, id="a step more"),
        pytest.param(SCOPE._replace(server=2), PROMPT, 1, 0, id="another server"),
        pytest.param(SCOPE._replace(account="other"), PROMPT, 1, 0, id="another account"),
        pytest.param(SCOPE, PROMPT, 301, 0, id="idle too long"),
    ],
)
def test_a_second_prompt_reads_the_steps_that_it_shares_with_the_first(
    scope: model.Scope, text: bytes, now: float, read: int
) -> None:
    cache = model.PromptCache()

    assert cache.take(SCOPE, PROMPT, 0, 300) == 0
    assert cache.take(scope, text, now, 300) == read


@pytest.mark.parametrize(("size", "read"), [(4095, 0), (4096, 1024)])
def test_a_small_prompt_is_not_remembered(size: int, read: int) -> None:
    cache = model.PromptCache()
    cache.take(SCOPE, PROMPT[:size], 0, 300)

    assert cache.take(SCOPE, PROMPT, 1, 300) == read


def test_use_keeps_an_entry_alive() -> None:
    cache = model.PromptCache()

    assert [cache.take(SCOPE, PROMPT, now, 300) for now in (0, 200, 400, 600)] == [0, ALL, ALL, ALL]


def test_beyond_the_limit_the_longest_unused_goes_first() -> None:
    cache = model.PromptCache(limit=20)
    cache.take(SCOPE, PROMPT, 0, 300)
    cache.take(SCOPE, b"y" * 8000, 1, 300)

    assert cache.take(SCOPE, PROMPT, 2, 300) == 0
