"""Two inputs are compared by what they mean, not by how they are written."""

import pytest
from codexcache.body.json_splice import Json
from codexcache.turn.items import as_model_sees, first_user_message, given_items, to_json
from support.turns import said, turn, user


def meant(given: Json) -> list[bytes]:
    """Return each item of an input as the model sees it."""
    return [to_json(as_model_sees(item), sort=True) for item in given_items({"input": given})]


def opening(given: Json) -> str | None:
    return first_user_message(given_items({"input": given}))


def instructions(*, instructions: Json = None, input: Json = None) -> str:
    return turn(instructions=instructions, input=input).instructions


PARTS: list[Json] = [{"type": "input_text", "text": "hi"}]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("hi", id="a bare string"),
        pytest.param([{"role": "user", "content": "hi"}], id="a message without a type"),
        pytest.param([{"type": "message", "role": "user", "content": "hi"}], id="a message with a type"),
        pytest.param([{"role": "user", "content": PARTS}], id="a list of parts"),
        pytest.param([{"content": [{"text": "hi", "type": "input_text"}], "role": "user"}], id="another order"),
    ],
)
def test_one_message_means_the_same_however_it_is_written(written: Json) -> None:
    assert meant(written) == meant([{"type": "message", "role": "user", "content": PARTS}])


def test_text_of_the_assistant_is_output() -> None:
    assert meant([said("assistant", "hi")]) == meant(
        [{"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}]
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([user("Hi")], id="text"),
        pytest.param([said("developer", "hi")], id="role"),
        pytest.param([{"type": "reasoning", "role": "user", "content": "hi"}], id="type"),
        pytest.param([{"role": "user", "content": [*PARTS, *PARTS]}], id="number of parts"),
        pytest.param(["hi"], id="a list with a bare string"),
    ],
)
def test_another_meaning_is_spelled_otherwise(other: Json) -> None:
    assert meant(other) != meant("hi")


@pytest.mark.parametrize("given", [None, "", [], 7, {"role": "user"}], ids=repr)
def test_an_input_that_is_empty_or_of_another_type_has_no_items(given: Json) -> None:
    assert meant(given) == []


def test_a_body_without_an_input_has_no_items() -> None:
    assert given_items({}) == []


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"type": "x", "n": 1 << 80}, id="an integer beyond 64 bits"),
        pytest.param({"type": "x", "s": "\ud83d"}, id="half of an emoji"),
        pytest.param({"type": "x", "\udc00": 1}, id="half of an emoji in a name"),
        pytest.param({"type": "x", "n": float("inf")}, id="a number beyond a double"),
        pytest.param(None, id="null"),
        pytest.param("text", id="a string"),
        pytest.param({}, id="an empty object"),
    ],
)
def test_every_item_that_can_be_read_has_a_spelling(item: Json) -> None:
    assert len(meant([item, user("hi")])) == 2


@pytest.mark.parametrize("filler", [1, 1 << 80, "\ud83d"], ids=["plain", "big", "surrogate"])
def test_the_order_of_members_does_not_matter(filler: Json) -> None:
    assert to_json({"a": filler, "b": [{"c": 1, "d": 2}]}, sort=True) == to_json(
        {"b": [{"d": 2, "c": 1}], "a": filler}, sort=True
    )


def test_a_deeply_nested_item_has_a_spelling() -> None:
    item: Json = 1
    for _ in range(900):
        item = [item]

    assert len(meant([item])) == 1


def test_the_first_user_message_opens_a_conversation() -> None:
    assert opening([said("developer", "d"), user("one"), user("two")]) == '[{"text":"one","type":"input_text"}]'


def test_the_opening_is_the_whole_message() -> None:
    assert opening("a" * 5000 + "b") != opening("a" * 5000 + "c")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([], id="nothing"),
        pytest.param([said("developer", "d"), said("assistant", "a")], id="no user"),
        pytest.param([user("")], id="an empty text"),
        pytest.param([{"role": "user"}], id="no content"),
        pytest.param([{"role": "user", "content": None}], id="null"),
        pytest.param([{"role": "user", "content": []}], id="no parts"),
        pytest.param(["text", None, 7], id="items that are no objects"),
    ],
)
def test_without_content_of_a_user_nothing_opens_a_conversation(given: Json) -> None:
    assert opening(given) is None


def test_an_empty_message_is_passed_over() -> None:
    assert opening([user(""), user("hi")]) == opening("hi")


def test_an_image_can_open_a_conversation() -> None:
    assert opening([{"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}]) is not None


def test_256_characters_of_the_instructions_count() -> None:
    assert instructions(instructions="a" * 256 + "b") == "a" * 256


def test_instructions_can_come_as_the_first_developer_message() -> None:
    assert instructions(input=[user("u"), said("developer", "d"), said("system", "s")]) == "d"


def test_a_system_message_serves_as_well() -> None:
    assert instructions(instructions="", input=[said("system", "s" * 300)]) == "s" * 256


def test_the_parts_of_a_developer_message_are_joined() -> None:
    parts: Json = [{"text": "a"}, {"type": "input_image"}, "x", {"text": 7}, {"text": "b"}]

    assert instructions(input=[{"role": "developer", "content": parts}]) == "ab"


def test_instructions_win_over_a_developer_message() -> None:
    assert instructions(instructions="i", input=[said("developer", "d")]) == "i"


@pytest.mark.parametrize("given", [None, 7, [], {}, [{"role": "developer", "content": 7}]], ids=repr)
def test_without_instructions_there_are_none(given: Json) -> None:
    assert instructions(instructions=given if not isinstance(given, list) else None, input=given) == ""
