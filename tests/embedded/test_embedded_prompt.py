"""How a turn's prompt is rendered."""

from typing import Any

import pytest
from embedded_backend import prompt

USER = {"role": "user", "content": "hello"}


def test_tools_come_before_instructions_before_input() -> None:
    body = {"input": [USER], "instructions": "be brief", "tools": [{"name": "shell"}]}

    assert prompt.render(body, prompt.items_of(body)) == b'{"name":"shell"}\nbe brief\n<user>\nhello'


def test_a_body_without_instructions_is_rendered() -> None:
    assert prompt.render({}, [USER]) == b"\n<user>\nhello"


def test_an_appended_item_leaves_the_prompt_before_it_as_it_was() -> None:
    call = {"type": "function_call_output", "call_id": "c", "output": "done"}

    assert prompt.render({}, [USER, call]).startswith(prompt.render({}, [USER]))


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": [{"type": "input_text", "text": "hello"}]},
        {"type": "message", "id": "msg_1", "role": "user", "content": "hello", "status": "completed"},
        {"role": "user", "content": [{"type": "input_text", "text": "hello", "annotations": []}]},
    ],
)
def test_a_message_reads_the_same_in_each_spelling(item: dict[str, Any]) -> None:
    assert prompt.render({}, [USER]) == prompt.render({}, [item])


def test_the_order_of_an_items_members_does_not_matter() -> None:
    item = {"type": "function_call", "name": "shell", "arguments": "{}"}

    assert prompt.render({}, [item]) == prompt.render({}, [dict(reversed(item.items()))])


def test_a_plain_string_is_a_user_message() -> None:
    assert prompt.items_of({"input": "hello"}) == [USER]


@pytest.mark.parametrize("value", [None, [], ""])
def test_no_input_is_no_items(value: object) -> None:
    assert prompt.items_of({"input": value}) == []


def test_parts_without_text_are_rendered_whole() -> None:
    image = {"role": "user", "content": [{"type": "input_image", "image_url": "data:,", "detail": "low"}]}

    assert prompt.render({}, [image]).endswith(b'{"detail":"low","image_url":"data:,","type":"input_image"}')


def test_odd_tools_and_items_do_not_stop_it() -> None:
    assert prompt.render({"tools": 1}, []) == b""
    assert prompt.render({}, [1, {"role": "user", "content": [None]}]) == b"\n1\n<user>\nnull"


def test_texts_are_found_in_both_spellings() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_image"}, {"type": "input_text", "text": "b"}]

    assert list(prompt.texts_of(USER)) == ["hello"]
    assert list(prompt.texts_of({"content": parts})) == ["a", "b"]
    assert list(prompt.texts_of(None)) == []
