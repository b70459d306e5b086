"""Two inputs are compared by what they mean, not by how they are written."""

import pytest
from codexcache.document import Json, Object
from codexcache.items import chained_digests, first_user_message, opening_instructions, read_items, spelled
from support.turns import conversation, said, user

ROOT = b"root"


def heads(given: Json) -> tuple[bytes, ...]:
    """Return the digests of an input."""
    return chained_digests(ROOT, read_items({"input": given}))


def opening(given: Json) -> str | None:
    return first_user_message(read_items({"input": given}))


def instructions(**members: Json) -> str:
    document: Object = dict(members)
    return opening_instructions(document, read_items(document))


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
def test_one_message_has_one_digest_however_it_is_written(written: Json) -> None:
    assert heads(written) == heads([{"type": "message", "role": "user", "content": PARTS}])


def test_text_of_the_assistant_is_output() -> None:
    assert heads([said("assistant", "hi")]) == heads(
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
def test_another_meaning_has_another_digest(other: Json) -> None:
    assert heads(other) != heads("hi")


def test_a_digest_stands_for_the_whole_head() -> None:
    assert heads(conversation("a", "b", "c"))[:2] == heads(conversation("a", "b"))
    assert heads(conversation("x", "b", "c"))[1:] != heads(conversation("a", "b", "c"))[1:]


def test_the_root_keeps_callers_apart() -> None:
    items = read_items({"input": "hi"})

    assert chained_digests(b"one", items) != chained_digests(b"two", items)


@pytest.mark.parametrize("given", [None, "", [], 7, {"role": "user"}], ids=repr)
def test_an_input_that_is_empty_or_of_another_type_has_no_items(given: Json) -> None:
    assert heads(given) == ()


def test_a_body_without_an_input_has_no_items() -> None:
    assert read_items({}) == []


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
def test_every_item_that_can_be_read_has_a_digest(item: Json) -> None:
    assert len(heads([item, user("hi")])) == 2


@pytest.mark.parametrize("filler", [1, 1 << 80, "\ud83d"], ids=["plain", "big", "surrogate"])
def test_the_order_of_members_does_not_matter(filler: Json) -> None:
    assert spelled({"a": filler, "b": [{"c": 1, "d": 2}]}) == spelled({"b": [{"d": 2, "c": 1}], "a": filler})


def test_a_deeply_nested_item_has_a_digest() -> None:
    item: Json = 1
    for _ in range(900):
        item = [item]

    assert len(heads([item])) == 1


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
