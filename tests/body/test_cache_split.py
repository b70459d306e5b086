"""A body that is like no earlier one is divided before its last item, or read as it stands."""

import json

import pytest
from codexcache.body.cache import split_last_item
from codexcache.body.incremental import Body, parse_with_prefix, read_whole
from codexcache.body.json_splice import Json, parse
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import check, text_of
from support.jsontext import prop, values, white

ASK = {"role": "user", "content": "Wie spät ist es? 🕰"}
FORMS = {"JSON.stringify": json.dumps(ASK, ensure_ascii=False, separators=(",", ":")), "json.dumps": json.dumps(ASK)}


def cut(text: bytes) -> Body[Json]:
    return split_last_item(read_whole(text), lambda document: document["input"])


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("gap", ["", " ", "\n  "], ids=["no space", "a space", "lines"])
def test_all_but_the_last_item_is_known(form: str, gap: str) -> None:
    one = cut(text_of(f'{{"a":1}}{gap},{gap}{form}{gap}'))

    assert one.cached is not None
    assert (bytes(one.cached.prefix_bytes), one.cached_parsed) == (text_of('{"a":1}').partition(b"]")[0], [{"a": 1}])
    assert one.document["input"] == [ASK]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text_of(""), id="no item"),
        pytest.param(text_of('{"a":1}'), id="one item"),
        pytest.param(text_of('{"a":1},"text"'), id="the last one is no object"),
        pytest.param(text_of('{"a":1},{"a" :1}'), id="it is spelled in another way"),
        pytest.param(text_of('{"a":1},{"a":1e1}'), id="a number is"),
        pytest.param(b'{"input":[{"a":1},{"b":2}]}', id="it is too short"),
    ],
)
def test_what_cannot_be_divided_is_read_as_it_stands(text: bytes) -> None:
    one = cut(text)

    assert one.cached is None
    assert one.document == parse(one.text)


asks = st.one_of(st.sampled_from(list(FORMS.values())), st.just('{"a":"x,{}]"}'), st.just("{}"), values)


@prop
@given(st.lists(asks, min_size=1, max_size=4), asks, asks, white, st.sampled_from(["", ',"b":[{}]', ',"input":3']))
def test_another_last_item_is_read_as_by_itself(
    before: list[str], last: str, other: str, gap: str, behind: str
) -> None:
    first = cut(text_of(f"{gap},{gap}".join([*before, last]) + gap, behind=behind))
    second = text_of(f"{gap},{gap}".join([*before, other]) + gap, behind=behind)
    for one in filter(None, (first, parse_with_prefix(first.cached, second) if first.cached else None)):
        check(one, one.cached_parsed, ({"b"}, {"k": "v"}))
