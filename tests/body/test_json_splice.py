"""A body is edited in place: outside the edited members not one byte changes."""

from collections.abc import Collection, Mapping

import pytest
from codexcache.body import json_splice as document
from codexcache.body.json_splice import Json, Member, Unreadable, as_count, as_list, as_text, is_count, parse
from hypothesis import example, given
from hypothesis import strategies as st
from support.jsontext import NAMES, edited_slowly, objects, prop, taken_apart

drops = st.sets(st.sampled_from(NAMES))
puts = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["k", 'q"\\\n', "é😀", ""]), max_size=3)


def edited(text: bytes, *, drop: Collection[str] = (), put: Mapping[str, str]) -> bytes:
    return document.edited(text, find_members(text), drop=drop, put=put)


def find_members(text: bytes) -> list[Member]:
    return document.find_members(text, parse(text))


@prop
@given(objects())
@example(b'{"a":"\\\\","b":"\\"}","c":[{"d":"]"}]}')
def test_the_members_are_found_where_they_stand(text: bytes) -> None:
    _, parts, _ = taken_apart(text)
    found = find_members(text)

    assert [part.meant for part in parts] == [member.name for member in found]
    assert [part.value for part in parts] == [text[member.value : member.end] for member in found]
    assert all(text.startswith(part.name, member.start) for part, member in zip(parts, found, strict=True))


@prop
@given(objects(), drops, puts)
@example(b"{ }", set(), {"a": "k"})
@example(b'{ "a":1 , "stream_options" : {} }', {"a", "stream_options"}, {"a": "k"})
@example(b'{"a":1,"a":2}', set(), {"a": "k"})
@example(b'{ "a" : 1 ,\n "b":2\t, "c": 3 }\n', {"a", "b", "c"}, {})
def test_an_edit_changes_the_edited_members_and_nothing_else(text: bytes, drop: set[str], put: dict[str, str]) -> None:
    assert edited(text, drop=drop, put=put) == edited_slowly(text, drop, put)


@pytest.mark.parametrize(
    ("drop", "text", "after"),
    [
        pytest.param("", b"{}", b'{"k":"v"}', id="an empty object"),
        pytest.param("", b"{ \n }", b'{"k":"v" \n }', id="an empty object with white space"),
        pytest.param("", b'{"a":1 }', b'{"a":1,"k":"v" }', id="a member that is missing comes last"),
        pytest.param("", b'{"k":null,"a":1}', b'{"k":"v","a":1}', id="a member that is there keeps its place"),
        pytest.param("", b'{"k":[{"x":1}],"k" : 2}', b'{"k":"v","k" : "v"}', id="each repetition is given the value"),
        pytest.param("", b'{"\\u006b":"old"}', b'{"\\u006b":"v"}', id="an escaped name is the same name"),
        pytest.param("", b'{"a":{"k":1}}', b'{"a":{"k":1},"k":"v"}', id="a nested member is another one"),
        pytest.param("", b'{"a":1E400,"b":-0.0}', b'{"a":1E400,"b":-0.0,"k":"v"}', id="numbers keep their spelling"),
        pytest.param("k", b'{"k":1,"a":2,"k":3}', b'{"a":2,"k":"v"}', id="one that is dropped, too, moves to the end"),
        pytest.param("k", b'{"\\u006b":1,"a":2}', b'{"a":2,"k":"v"}', id="also by its escaped name"),
    ],
)
def test_a_member_is_put(drop: str, text: bytes, after: bytes) -> None:
    assert edited(text, drop=drop, put={"k": "v"}) == after


@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param(b'{"a":"\\ud83d"}', {"a": "\ud83d"}, id="half of an emoji"),
        pytest.param(b'{"\\udc00":1}', {"\udc00": 1}, id="half of an emoji in a name"),
        pytest.param(b'{"a":1E400}', {"a": float("inf")}, id="a number beyond a double"),
        pytest.param(b'{"a":"\xe2\x80\xa8"}', {"a": "\u2028"}, id="a line separator"),
        pytest.param(b'{"a":1,"a":2}', {"a": 2}, id="the last of repeated members"),
    ],
)
def test_what_strict_readers_refuse_is_still_read(text: bytes, document: object) -> None:
    assert parse(text) == document


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="an array"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"secret":', id="cut short"),
        pytest.param(b'{"secret":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"secret":"\xed\xa0\xbd"}', id="an encoded surrogate"),
        pytest.param(b"\xef\xbb\xbf{}", id="a byte order mark"),
        pytest.param('{"secret":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"secret":NaN}', id="NaN"),
        pytest.param(b'{"secret":-Infinity}', id="infinity"),
        pytest.param(b'{"secret":01}', id="a leading zero"),
        pytest.param(b'{"secret":"\n"}', id="a line end in a string"),
        pytest.param(b'{secret:"\\ud83d"}', id="half of an emoji in what is not JSON"),
        *(pytest.param(b"{%s:1}" % name, id=f"a name that is {name!r}") for name in (b"1", b"null", b"[]", b"{}")),
        pytest.param(b'{"secret":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="100,000 levels"),
        pytest.param(b'{"secret":' + b"[" * 100_000, id="100,000 levels, cut short"),
    ],
)
def test_what_is_not_a_json_object_is_refused_in_words_that_do_not_quote_it(text: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        parse(text)

    assert str(refusal.value).startswith("it is not") or str(refusal.value) == "it is nested too deeply"
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["arrays", "objects"])
def test_3000_levels_are_edited_or_refused(opening: str) -> None:
    text = ('{"k":' + opening * 3000 + "1" + ("]" if opening == "[" else "}") * 3000 + ',"a":1}').encode()
    try:
        parse(text)
    except Unreadable:
        return

    assert edited(text, drop=["a"], put={}) == text.replace(b',"a":1}', b"}")


@pytest.mark.parametrize(
    "number", ["-0", "1" * 19, "9" * 20, str(2**64 - 1), str(2**64), str(-(2**63)), str(-(2**63) - 1)]
)
def test_a_number_means_the_same_next_to_half_an_emoji(number: str) -> None:
    assert parse(f'{{"n":{number},"half":"\\ud800"}}'.encode())["n"] == parse(f'{{"n":{number}}}'.encode())["n"]


def test_a_count_is_a_whole_number_that_is_exact_everywhere() -> None:
    others: list[Json] = [-1, 1 << 53, 10**400, True, False, 1.0, "1", None, [], {}]

    assert [value for value in (0, 1, (1 << 53) - 1) if not is_count(value)] == []
    assert [value for value in others if is_count(value) or as_count(value) is not None] == []
    assert as_count(7) == 7


def test_what_is_no_text_and_no_list_is_taken_for_an_empty_one() -> None:
    values: list[Json] = ["a", ["a"], None, 1, {}]

    assert [as_text(value) for value in values] == ["a", "", "", "", ""]
    assert [as_list(value) for value in values] == [[], ["a"], [], [], []]
