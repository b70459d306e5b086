"""A body that starts like an earlier one is read from where it goes on, and says what a whole parse says."""

import json

import pytest
from codexcache.body.cache import BodyCache, PrefixCache, split_last_item
from codexcache.body.incremental import Body, CachedBody, parse_with_prefix, read_whole
from codexcache.body.json_splice import Json, Object, Unreadable, parse
from hypothesis import example, given
from hypothesis import strategies as st
from support.bodies import FRONT, check, known, said, text_of
from support.jsontext import prop, values, white

DROP, PUT = {"stream_options"}, {"prompt_cache_key": "a key"}
EDITS = [(DROP, PUT), (DROP, {}), (set(), PUT), (DROP, {"prompt_cache_key": "another"})]


class Reader:
    """Reads bodies one after the other; what is made of one are its items."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self.bodies: BodyCache[Json] = BodyCache(lambda document: document.get("input"), limit)

    def read(self, text: bytes) -> Body[Json]:
        """Read a body, and remember it with its items as it is sent."""
        body = self.bodies.read(text)
        self.remember(body)
        return body

    def remember(self, body: Body[Json]) -> None:
        made = whole(body).get("input")
        self.bodies.remember(body, parsed=made, drop=DROP, put=PUT, edited_text=body.edited(DROP, PUT))


def whole(body: Body[Json]) -> Object:
    """Return all that a body says, the items that were known included."""
    return said(body, body.cached.parsed if body.cached else None)


def read_twice(first: bytes, second: bytes) -> Body[Json]:
    """Read a body in the light of another, which is remembered with its items."""
    reader = Reader()
    reader.read(first)
    return reader.bodies.read(second)


def check_second(first: bytes, second: bytes) -> None:
    """Assert that a body is read in the light of another, or refused, as it is by itself."""
    try:
        parse(second)
    except Unreadable:
        with pytest.raises(Unreadable):
            read_twice(first, second)
    else:
        read = read_twice(first, second)
        check(read, read.cached.parsed if read.cached else None, *EDITS)


items = st.lists(st.one_of(values, st.just('{"role":"user","content":"hello"}')), min_size=1, max_size=4)
befores = st.sampled_from([FRONT, FRONT, f'"prompt_cache_key":"mine",{FRONT}', f'"stream_options":{{}},{FRONT}'])
suffixes = st.sampled_from(
    [
        "",
        ',"stream":true',
        ',"prompt_cache_key":"x"',
        ',"stream_options":{"a":1},"b":2',
        ' , "tools":[1,{"a":[]}]',
        ',"input":[7]',
        ',"instructions":"other"',
    ]
)


@prop
@given(items, items, white, white, befores, suffixes, suffixes)
@example(["1"], [], "", "", FRONT, "", "")
def test_a_body_that_extends_another_says_what_a_whole_parse_says(
    old: list[str], new: list[str], gap: str, end: str, before: str, was: str, now: str
) -> None:
    first = text_of(f"{gap},".join(old) + end, before, was)

    check_second(first, text_of(f"{gap},{end}".join([*old, *new]) + gap, before, now))


@prop
@given(
    items, st.lists(st.one_of(values, st.sampled_from(["1],[2", '1],"input":[2', "", " ", "1,", "]"]))), white, suffixes
)
def test_what_stands_between_known_ends_is_read_as_by_itself(
    old: list[str], new: list[str], gap: str, behind: str
) -> None:
    first, second = (text_of(f",{gap}".join(items) + gap, behind=behind) for items in (old, [*old, *new]))
    check_second(first, second)


@prop
@given(st.lists(st.tuples(st.integers(0, 8), items, suffixes, st.booleans()), min_size=2, max_size=9))
def test_bodies_in_any_order_say_what_whole_parses_say(steps: list[tuple[int, list[str], str, bool]]) -> None:
    """Each extends an earlier one; some are read before others are remembered, as if under way at once."""
    reader = Reader()
    inputs, waiting = list[list[str]]([[]]), list[Body[Json]]()
    for place, new, behind, at_once in steps:
        inputs.append([*inputs[place % len(inputs)], *new])
        read = reader.bodies.read(text_of(",".join(inputs[-1]), behind=behind))
        check(read, read.cached.parsed if read.cached else None, EDITS[0])
        waiting.append(read)
        while waiting and not at_once:
            reader.remember(waiting.pop())


def test_of_a_body_the_very_bytes_that_came_are_remembered() -> None:
    bodies = Reader().bodies
    first = bodies.read(text_of("1"))
    bodies.remember(first, parsed=[1])
    second = bodies.read(text_of("1,2"))

    assert second.cached is not None
    assert second.cached.prefix_bytes.obj is first.text


def test_of_a_body_that_is_edited_as_the_one_before_it_the_bytes_that_were_sent_are_remembered() -> None:
    bodies = Reader().bodies
    for items in ("1", "1,2"):
        turn = bodies.read(text_of(items))
        sent = turn.edited(DROP, PUT)
        bodies.remember(turn, parsed=[1], drop=DROP, put=PUT, edited_text=sent)
    third = bodies.read(text_of("1,2,3"))

    assert third.cached is not None
    assert third.cached.prefix_bytes.obj is sent


@pytest.mark.parametrize(
    ("first", "second", "parsed"),
    [
        pytest.param('"one"', '"one","two"', ["two"], id="an appended item"),
        pytest.param('{"a":1},{"q":1}', '{"a":1},{"q":2}', [{"q": 2}], id="a question in other words"),
        pytest.param('"one"', '"one"', [], id="nothing of an equal body"),
    ],
)
def test_only_what_is_new_is_parsed(first: str, second: str, parsed: list[Json]) -> None:
    read = read_twice(text_of(first), text_of(second))

    assert read.cached is not None
    assert read.document["input"] == parsed


def test_what_others_began_with_is_kept_with_their_latest() -> None:
    reader = Reader()
    for asked in ('{"q":1}', '{"q":2}', '{"q":2},{"r":2}', '{"q":3}'):
        turn = reader.read(text_of('{"a":1},' + asked))

    assert turn.document["input"] == [{"q": 3}]
    assert len(reader.bodies) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(text_of("1", '"a":1'), text_of("1,2", '"a":1'), id="it is too short to be found"),
        pytest.param(text_of(""), text_of("1"), id="there was no item"),
        pytest.param(text_of("1", behind=',"input":[2]'), text_of("1,3", behind=',"input":[2]'), id="two inputs"),
        pytest.param(text_of("1", behind=',"instructions":"x"'), text_of("1,2"), id="a name stood on both sides"),
        pytest.param(text_of("1,2"), text_of("1,3"), id="an item was edited"),
        pytest.param(text_of("1,2"), text_of("1"), id="an item was dropped"),
        pytest.param(text_of("1"), text_of("12"), id="a number goes on"),
        pytest.param(text_of("1").replace(b"[1]", b'"1"'), text_of("1,2"), id="the input was a string"),
    ],
)
def test_anything_unusual_is_parsed_as_a_whole(first: bytes, second: bytes) -> None:
    read = read_twice(first, second)

    assert read.cached is None
    assert parse(second) == read.document


def test_a_conversation_keeps_only_its_last_body() -> None:
    reader = Reader()
    for count in range(1, 50):
        reader.read(text_of(",".join(map(str, range(count)))))

    assert len(reader.bodies) == 1


def test_all_bodies_together_are_bounded_and_the_latest_are_kept() -> None:
    reader = Reader(limit=20_000)
    for number in range(100):
        reader.read(text_of(f'"conversation {number}"', f'{FRONT},"n":{number}'))

    assert 10_000 < reader.bodies.size <= 20_000
    assert reader.bodies.read(text_of('"conversation 99",1', f'{FRONT},"n":99')).cached is not None
    assert reader.bodies.read(text_of('"conversation 0",1', f'{FRONT},"n":0')).cached is None


def test_only_what_stands_behind_a_known_head_is_news() -> None:
    reader = Reader()
    first, second, other = text_of('"one"'), text_of('"one","two"'), text_of('"other"')
    assert reader.bodies.unparsed_length(first) == len(first)
    reader.read(first)

    assert reader.bodies.unparsed_length(second) == len(second) - second.index(b',"two"')
    assert reader.bodies.unparsed_length(other) == len(other)


# Bodies that others may start with, by what they begin with.


def holding(*kept: CachedBody[Json], limit: int = 1 << 20) -> PrefixCache[Json]:
    cache = PrefixCache[Json](limit)
    for one in kept:
        cache.put(one)
    return cache


def test_what_a_body_starts_with_is_found_the_longest_first() -> None:
    long, short = '1,"' + "a" * 200 + '"', known(text_of("1"))
    longer = known(text_of(long))

    assert list(holding(short, longer).prefixes_of(text_of(f"{long},3"))) == [longer, short]
    assert list(holding(short).prefixes_of(text_of("1", f'"instructions":"{"Be kind.. " * 60}"'))) == []


def test_of_two_that_cannot_be_told_apart_where_they_stand_the_later_one_is_kept() -> None:
    first, second = known(text_of("1")), known(text_of("2"))
    cache = holding(first, second)

    assert (len(cache), cache.size) == (1, second.cost)
    assert list(cache.prefixes_of(text_of("1,3"))) == []
    assert list(cache.prefixes_of(text_of("2,3"))) == [second]


def test_what_is_dropped_is_gone_and_told_whether_it_was_there() -> None:
    one, another = known(text_of("1")), known(text_of("2"))
    cache = holding(one)

    assert [cache.drop(another), cache.drop(one), cache.drop(one)] == [False, True, False]
    assert (len(cache), cache.size) == (0, 0)


def test_what_would_fill_more_than_a_quarter_is_not_kept() -> None:
    one = known(text_of("1"))

    assert [len(holding(one, limit=limit)) for limit in (4 * one.cost - 1, 4 * one.cost)] == [0, 1]


# A body that is like no earlier one is divided before its last item, or read as it stands.


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
