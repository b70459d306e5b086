"""Two inputs are compared by what they mean, not by how they are written."""

import hypothesis
import pytest
from codexcache.body.json_splice import Json, Object
from codexcache.turn.items import (
    answer_digest,
    as_model_sees,
    canonical,
    first_user_message,
    given_items,
    to_json,
)
from codexcache.turn.prompt import read_prompt
from hypothesis import strategies as st
from support.jsontext import prop
from support.turns import said, turn, user


def meant(given: Json) -> list[bytes]:
    """Return each item of an input as the model sees it."""
    return [to_json(as_model_sees(item), sort=True) for item in given_items({"input": given})]


def opening(given: Json) -> str | None:
    return first_user_message(given_items({"input": given}))


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
    assert meant([{"type": "function_call", "call_id": "1"}]) != meant([{"type": "function_call", "call_id": "2"}])


def test_long_texts_of_the_same_bytes_in_memory_are_two() -> None:
    """An ASCII text takes up a byte a character there, and one of U+4141 two."""
    narrow, wide = (
        read_prompt({"input": [{"type": "function_call_output", "call_id": "c", "output": text}]}).items.digests()
        for text in ("A" * 6_000, "\u4141" * 3_000)
    )

    assert list(narrow) != list(wide)


@pytest.mark.parametrize("given", [None, "", [], 7, {"role": "user"}], ids=repr)
def test_an_input_that_is_empty_or_of_another_type_has_no_items(given: Json) -> None:
    assert meant(given) == []
    assert given_items({}) == []


@pytest.mark.parametrize("filler", [1, 1 << 80, "\ud83d"], ids=["plain", "big", "surrogate"])
def test_the_order_of_members_does_not_matter(filler: Json) -> None:
    assert to_json({"a": filler, "b": [{"c": 1, "d": 2}]}, sort=True) == to_json(
        {"b": [{"d": 2, "c": 1}], "a": filler}, sort=True
    )


TEXTS = st.text(st.sampled_from("abé€\ud800\U0001f600\0"), max_size=12)
ITEMS = st.fixed_dictionaries(
    {"type": st.sampled_from(["reasoning", "function_call", "function_call_output", "new", 7])},
    optional={
        "call_id": TEXTS,
        "output": TEXTS | st.lists(st.fixed_dictionaries({"type": st.just("input_text"), "text": TEXTS}), max_size=2),
        "summary": st.sampled_from([[], {}, 0, False]),
        "count": st.integers(1, 9),
    },
)
UNSEEN: list[Object] = [{"id": "x"}, {"status": "completed"}, {"note": None}]


@prop
@hypothesis.given(ITEMS, st.integers(0, 13))
def test_an_item_of_texts_alone_is_read_as_one_with_members_that_no_model_sees(item: Object, longest: int) -> None:
    expected = canonical(item, longest)

    assert all(canonical({**item, **unseen}, longest) == expected for unseen in UNSEEN)
    assert canonical(dict(reversed(item.items())), longest) == expected
    assert canonical(item, 99) == (to_json(as_model_sees(item), sort=True), 0)


@prop
@hypothesis.given(st.text(st.characters(codec="latin-1"), min_size=2).filter(lambda text: len(text) % 2 == 0))
def test_long_texts_whose_bytes_are_the_same_in_two_encodings_are_not_equal(text: str) -> None:
    other = text.encode("latin-1").decode("utf-16-le", "surrogatepass")

    assert canonical({"type": "new", "output": text}, 0)[0] != canonical({"type": "new", "output": other}, 0)[0]


def test_a_deeply_nested_item_has_a_spelling() -> None:
    item: Json = 1
    for _ in range(900):
        item = [item]

    assert len(meant([item])) == 1


IMAGE: Json = {"role": "user", "content": [{"type": "input_image", "image_url": "data:,"}]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([said("developer", "d"), user("one"), user("two")], "one", id="the first of the user"),
        pytest.param([user(""), user("hi")], "hi", id="an empty one is passed over"),
        pytest.param([IMAGE], "input_image", id="an image"),
    ],
)
def test_the_first_user_message_opens_a_conversation(given: Json, expected: str) -> None:
    assert expected in (opening(given) or "")
    assert opening([user("one")]) == '[{"text":"one","type":"input_text"}]'
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


PIECES: Json = [{"text": "a"}, {"type": "input_image"}, "x", {"text": 7}, {"text": "b"}]


@pytest.mark.parametrize(
    ("given", "items", "expected"),
    [
        pytest.param("a" * 256 + "b", None, "a" * 256, id="256 characters count"),
        pytest.param(None, [user("u"), said("developer", "d"), said("system", "s")], "d", id="a developer message"),
        pytest.param("", [said("system", "s" * 300)], "s" * 256, id="a system message"),
        pytest.param(None, [{"role": "developer", "content": PIECES}], "ab", id="the parts of a message are joined"),
        pytest.param("i", [said("developer", "d")], "i", id="instructions before a message"),
        pytest.param(7, 7, "", id="a number"),
        pytest.param(None, [], "", id="no items"),
        pytest.param({}, {}, "", id="an object"),
        pytest.param(None, [{"role": "developer", "content": 7}], "", id="a message without text"),
    ],
)
def test_instructions_are_a_member_or_the_developers_first_message(given: Json, items: Json, expected: str) -> None:
    assert turn(instructions=given, input=items).instructions == expected


# The answers that an input is recognized by.

ANSWERS: list[Json] = [
    {"type": "reasoning", "encrypted_content": "e" * 40},
    {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "done"},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "x" * 40},
    {"role": "assistant", "content": [{"type": "output_text", "text": "Done.", "annotations": []}]},
    {"type": "unknown", "call_id": "call_2"},
]


def latest_answers(given: list[Json]) -> list[int]:
    return read_prompt({"input": given}).items.latest_answers(8)


@prop
@hypothesis.given(st.lists(st.sampled_from(ANSWERS), max_size=30))
def test_the_latest_answers_are_each_known_once(given: list[Json]) -> None:
    digests = dict.fromkeys(answer_digest(item) for item in reversed(given))

    assert latest_answers(given) == [digest for digest in digests if digest]


def test_no_more_answers_are_known_than_are_looked_up() -> None:
    given: list[Json] = [{"type": "function_call", "call_id": f"call_{number}"} for number in range(30)]

    assert latest_answers(given) == [answer_digest(item) for item in given[:-9:-1]]


@pytest.mark.parametrize("kind", [None, 7, [], ["message"], {}])
def test_an_item_whose_type_is_no_string_is_no_answer(kind: Json) -> None:
    assert answer_digest({"type": kind, "call_id": "call_1"}) == 0
    assert len(meant([{"type": kind, "call_id": "call_1"}])) == 1
