"""A body that is like no earlier one is divided before its last item, or read as it stands."""

import json

import pytest
from codexcache.body.cache import split_last_item
from codexcache.body.incremental import Body, parse_with_prefix, read_whole
from codexcache.body.json_splice import Json, edited, find_members, parse
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop, values, white

FILLER = "Be brief. " * 60
ASK = {"role": "user", "content": "Wie spät ist es? 🕰"}
FORMS = {
    "as JSON.stringify": json.dumps(ASK, ensure_ascii=False, separators=(",", ":")),
    "as json.dumps": json.dumps(ASK),
}


def body(items: str, behind: str = ',"stream":true') -> bytes:
    return f'{{"instructions":"{FILLER}","input":[{items}]{behind}}}'.encode()


def items_of(document: dict[str, Json]) -> Json:
    return document["input"]


def cut(text: bytes) -> Body[Json]:
    return split_last_item(read_whole(text), items_of)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("gap", ["", " ", "\n  "], ids=["no space", "a space", "lines"])
def test_all_but_the_last_item_is_known(form: str, gap: str) -> None:
    one = cut(body(f'{{"a":1}}{gap},{gap}{form}{gap}'))

    assert one.cached is not None
    assert (bytes(one.cached.prefix_bytes), one.cached_parsed) == (body('{"a":1}').partition(b"]")[0], [{"a": 1}])
    assert one.document["input"] == [ASK]


@pytest.mark.parametrize(
    "items",
    [
        pytest.param("", id="no item"),
        pytest.param('{"a":1}', id="one item"),
        pytest.param('{"a":1},"text"', id="the last one is no object"),
        pytest.param('{"a":1},{"a" :1}', id="it is spelled in another way"),
        pytest.param('{"a":1},{"a":1e1}', id="a number is"),
    ],
)
def test_what_cannot_be_told_is_read_as_it_stands(items: str) -> None:
    one = cut(body(items))

    assert one.cached is None
    assert one.document == parse(one.text)


def test_what_is_too_short_is_read_as_it_stands() -> None:
    assert cut(b'{"input":[{"a":1},{"b":2}]}').cached is None


asks = st.one_of(st.sampled_from(list(FORMS.values())), st.just('{"a":"x,{}]"}'), st.just("{}"), values)


@prop
@given(st.lists(asks, min_size=1, max_size=4), asks, asks, white, st.sampled_from(["", ',"b":[{}]', ',"input":3']))
def test_another_last_item_says_what_a_whole_parse_says(
    before: list[str], last: str, other: str, gap: str, behind: str
) -> None:
    first = cut(body(f"{gap},{gap}".join([*before, last]) + gap, behind))
    second = body(f"{gap},{gap}".join([*before, other]) + gap, behind)
    for one in filter(None, (first, parse_with_prefix(first.cached, second) if first.cached else None)):
        whole = parse(one.text)
        said = (
            whole
            if one.cached is None
            else {**one.document, "input": [*_list(one.cached_parsed), *_list(one.document["input"])]}
        )
        members = find_members(one.text, whole)

        assert (json.dumps(said, sort_keys=True), list(one.members)) == (json.dumps(whole, sort_keys=True), members)
        assert one.edited({"b"}, {"k": "v"}) == edited(one.text, members, drop={"b"}, put={"k": "v"})


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
