"""A body that starts like an earlier one is read from where it goes on, and says what a whole parse says."""

import pytest
from codexcache.body.cache import BodyCache, PrefixCache
from codexcache.body.incremental import Body, CachedBody
from codexcache.body.json_splice import Json, Object, Unreadable, as_list, parse
from codexcache.body.prefix import PrefixDigests
from hypothesis import example, given
from hypothesis import strategies as st
from support.bodies import FRONT, check, known, said, text_of
from support.jsontext import prop, values, white

DROP, PUT = {"stream_options"}, {"prompt_cache_key": "a key"}
EDITS = [(DROP, PUT), (DROP, {}), (set(), PUT), (DROP, {"prompt_cache_key": "another"})]


def all_items(document: Object, known: list[Json] | None) -> list[Json]:
    """Return the items of a document, after those that are known."""
    return [*(known or ()), *as_list(document.get("input"))]


class Reader:
    """Reads bodies one after the other; what is made of one are its items."""

    def __init__(self, limit: int = 64 << 20) -> None:
        self.bodies: BodyCache[list[Json]] = BodyCache(all_items, limit)

    def read(self, text: bytes) -> Body[list[Json]]:
        """Read a body, and remember it with its items as it is sent."""
        body = self.bodies.read(text)
        self.remember(body)
        return body

    def remember(self, body: Body[list[Json]]) -> None:
        made = as_list(whole(body).get("input"))
        self.bodies.remember(body, parsed=made, drop=DROP, put=PUT, edited_text=body.edited(DROP, PUT))


def whole(body: Body[list[Json]]) -> Object:
    """Return all that a body says, the items that were known included."""
    return said(body, body.cached.parsed if body.cached else None)


def read_twice(first: bytes, second: bytes) -> Body[list[Json]]:
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
    inputs, waiting = list[list[str]]([[]]), list[Body[list[Json]]]()
    for place, new, behind, at_once in steps:
        inputs.append([*inputs[place % len(inputs)], *new])
        read = reader.bodies.read(text_of(",".join(inputs[-1]), behind=behind))
        check(read, read.cached.parsed if read.cached else None, EDITS[0])
        waiting.append(read)
        while waiting and not at_once:
            reader.remember(waiting.pop())


def test_of_the_items_of_a_body_no_bytes_are_kept() -> None:
    reader = Reader()
    reader.read(text_of(f'"{"a" * 100_000}"'))

    assert (len(reader.bodies), reader.bodies.size < 10_000) == (1, True)


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


@pytest.mark.parametrize(
    ("items", "steps"),
    [
        pytest.param(['{"a":1}'] * 300_000, [False] * 4, id="slices"),
        pytest.param(["1"] * 2_000_000, [True], id="all at once, which takes long"),
        pytest.param(["1"] * 1_000, [], id="all at once"),
    ],
)
def test_a_body_is_read_in_steps(items: list[str], steps: list[bool]) -> None:
    assert [*Reader().bodies.steps(text_of(",".join(items)))] == steps


def test_much_that_is_new_is_read_in_slices_as_well() -> None:
    reader = Reader()
    reader.read(text_of('{"a":1}'))

    assert len([*reader.bodies.steps(text_of(",".join(['{"a":1}'] * 300_000)))]) == 4


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


# Bodies that others may start with, by what they begin with.


def digests(*text: str) -> PrefixDigests:
    return PrefixDigests(text_of(*text))


def holding(*kept: CachedBody[list[Json]], limit: int = 1 << 20) -> PrefixCache[Json]:
    cache = PrefixCache[Json](limit)
    for one in kept:
        cache.put(one)
    return cache


def test_what_a_body_starts_with_is_found_the_longest_first() -> None:
    long, short = '1,"' + "a" * 200 + '"', known(text_of("1"))
    longer = known(text_of(long))

    assert list(holding(short, longer).prefixes_of(digests(f"{long},3"))) == [longer, short]
    assert list(holding(short).prefixes_of(digests("1", f'"instructions":"{"Be kind.. " * 60}"'))) == []


def test_of_two_that_cannot_be_told_apart_where_they_stand_the_later_one_is_kept() -> None:
    first, second = known(text_of("1")), known(text_of("2"))
    cache = holding(first, second)

    assert (len(cache), cache.size) == (1, second.cost)
    assert list(cache.prefixes_of(digests("1,3"))) == []
    assert list(cache.prefixes_of(digests("2,3"))) == [second]


def test_what_is_dropped_is_gone_and_told_whether_it_was_there() -> None:
    one, another = known(text_of("1")), known(text_of("2"))
    cache = holding(one)

    assert [cache.drop(another), cache.drop(one), cache.drop(one)] == [False, True, False]
    assert (len(cache), cache.size) == (0, 0)


def test_what_would_fill_more_than_a_quarter_is_not_kept() -> None:
    one = known(text_of("1"))

    assert [len(holding(one, limit=limit)) for limit in (4 * one.cost - 1, 4 * one.cost)] == [0, 1]
