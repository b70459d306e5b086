"""A body that starts like an earlier one is read from where it goes on, and says what a whole parse says."""

import json

import pytest
from codexcache.body.cache import BodyCache
from codexcache.body.incremental import Body
from codexcache.body.json_splice import Json, Object, Unreadable, edited, find_members, parse
from hypothesis import example, given
from hypothesis import strategies as st
from support.jsontext import prop, values, white

DROP, PUT = frozenset({"stream_options"}), {"prompt_cache_key": "a key"}
FILLER = '"instructions":"' + "Be brief. " * 60 + '"'


def body(items: str, before: str = FILLER, behind: str = ',"stream":true') -> bytes:
    """Return the text of a body that is long enough to be remembered."""
    return f'{{{before},"input":[{items}]{behind}}}'.encode()


def remembered(limit: int = 64 << 20) -> BodyCache[Json]:
    """Return no bodies yet; what is made of one are its items."""
    return BodyCache(lambda document: document.get("input"), limit)


def read_twice(first: bytes, second: bytes) -> Body[Json]:
    """Read a body in the light of another, which is remembered with its items."""
    bodies = remembered()
    one = bodies.read(first)
    bodies.remember(one, parsed=said(one).get("input"), drop=DROP, put=PUT, edited_text=one.edited(DROP, PUT))
    return bodies.read(second)


def said(body: Body[Json]) -> Object:
    """Return all that a body says, the items that were known included."""
    given = body.document.get("input")
    if body.cached is None:
        return body.document
    assert isinstance(body.cached.parsed, list)
    assert isinstance(given, list)
    return {**body.document, "input": [*body.cached.parsed, *given]}


def same(one: Json, other: Json) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def check(first: bytes, second: bytes) -> None:
    """See that a body is read in the light of another, or refused, as it is by itself."""
    try:
        whole = parse(second)
    except Unreadable:
        with pytest.raises(Unreadable):
            read_twice(first, second)
    else:
        read = read_twice(first, second)
        assert same(whole, said(read))
        assert (members := find_members(second, whole)) == list(read.members)
        for drop, put in ((DROP, PUT), (DROP, {}), (frozenset(), PUT), (DROP, {"prompt_cache_key": "another"})):
            assert read.edited(drop, put) == edited(second, members, drop=drop, put=put)


items = st.lists(st.one_of(values, st.just('{"role":"user","content":"hello"}')), min_size=1, max_size=4)
befores = st.sampled_from([FILLER, FILLER, f'"prompt_cache_key":"mine",{FILLER}', f'"stream_options":{{}},{FILLER}'])
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
ends = st.sampled_from(
    ["]}", ",]}", ", ]}", "}", ',1],"a":2}', ',"x" ] }', ",1,]}", "]]}", "", ',1],"input":3}', "x]}"]
)


@prop
@given(items, items, white, white, befores, suffixes, suffixes)
@example(["1"], [], "", "", FILLER, "", "")
def test_a_body_that_goes_on_says_what_a_whole_parse_says(
    old: list[str], new: list[str], gap: str, end: str, before: str, was: str, now: str
) -> None:
    first = body(f"{gap},".join(old) + end, before, behind=was)
    second = body(f"{gap},{end}".join([*old, *new]) + gap, before, behind=now)

    check(first, second)


@prop
@given(
    items, st.lists(st.one_of(values, st.sampled_from(["1],[2", '1],"input":[2', "", " ", "1,", "]"]))), white, suffixes
)
def test_what_stands_between_known_ends_is_read_as_a_whole_parse_reads_it(
    old: list[str], new: list[str], gap: str, behind: str
) -> None:
    first, second = body(",".join(old), behind=behind), body(f",{gap}".join([*old, *new]) + gap, behind=behind)
    check(first, second)


@prop
@given(items, ends, st.integers(0, 12))
def test_a_body_that_ends_otherwise_is_read_or_refused_as_a_whole_parse_does(
    old: list[str], end: str, cut: int
) -> None:
    first = body(",".join(old))
    second = first[: len(first) - len(b'],"stream":true}') - cut] + end.encode()
    check(first, second)


@prop
@given(st.lists(st.tuples(st.integers(0, 8), items, suffixes, st.booleans()), min_size=2, max_size=9))
def test_bodies_that_branch_and_come_in_any_order_say_what_whole_parses_say(
    steps: list[tuple[int, list[str], str, bool]],
) -> None:
    """Each goes on with an earlier one; some are read before others are remembered, as if under way at once."""
    bodies = remembered()
    inputs, waiting = list[list[str]]([[]]), list[Body[Json]]()
    for place, new, behind, at_once in steps:
        inputs.append([*inputs[place % len(inputs)], *new])
        read = bodies.read(body(",".join(inputs[-1]), behind=behind))
        assert same(parse(read.text), said(read))
        assert (members := find_members(read.text, parse(read.text))) == list(read.members)
        assert read.edited(DROP, PUT) == edited(read.text, members, drop=DROP, put=PUT)
        waiting.append(read)
        while waiting and not at_once:
            one = waiting.pop()
            bodies.remember(one, parsed=said(one).get("input"), drop=DROP, put=PUT, edited_text=one.edited(DROP, PUT))


def test_of_a_body_the_very_bytes_that_came_are_remembered() -> None:
    bodies = remembered()
    first = bodies.read(body("1"))
    bodies.remember(first, parsed=[1])
    second = bodies.read(body("1,2"))

    assert second.cached is not None
    assert second.cached.prefix_bytes.obj is first.text


def test_of_a_body_that_is_edited_as_the_one_before_it_the_bytes_that_were_sent_are_remembered() -> None:
    bodies = remembered()
    for items in ("1", "1,2"):
        turn = bodies.read(body(items))
        sent = turn.edited(DROP, PUT)
        bodies.remember(turn, parsed=[1], drop=DROP, put=PUT, edited_text=sent)
    third = bodies.read(body("1,2,3"))

    assert third.cached is not None
    assert third.cached.prefix_bytes.obj is sent


def test_an_appended_item_is_all_that_is_parsed() -> None:
    read = read_twice(body('"one"'), body('"one","two"'))

    assert read.document["input"] == ["two"]
    assert read.cached is not None


def test_a_question_that_is_put_anew_is_all_that_is_parsed() -> None:
    read = read_twice(body('{"a":1},{"q":1}'), body('{"a":1},{"q":2}'))

    assert read.document["input"] == [{"q": 2}]
    assert read.cached is not None


def test_what_others_began_with_is_kept_beside_their_latest() -> None:
    bodies = remembered()
    for asked in ('{"q":1}', '{"q":2}', '{"q":2},{"r":2}', '{"q":3}'):
        turn = bodies.read(body('{"a":1},' + asked))
        bodies.remember(turn, parsed=said(turn).get("input"))

    assert turn.document["input"] == [{"q": 3}]
    assert (len(bodies._latest), len(bodies._shared_prefixes)) == (2, 1)


def test_an_equal_body_has_nothing_new() -> None:
    read = read_twice(body('"one"'), body('"one"'))

    assert read.document["input"] == []


@pytest.mark.parametrize("behind", ["", ',"stream":true', ' , "tools" : [ {"a":[]} ] '])
def test_the_frame_around_the_items_is_not_read_again(behind: str) -> None:
    read = read_twice(body('"one"', behind=behind), body('"one" , "two"', behind=behind))

    assert read.changed == ()
    assert parse(read.text)["instructions"] == read.document["instructions"]


def test_what_stands_behind_the_input_is_read_anew() -> None:
    read = read_twice(body("1", behind=',"model":"a"'), body("1,2", behind=',"model":"b"'))

    assert read.document["model"] == "b"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(body("1", before='"a":1'), body("1,2", before='"a":1'), id="it is too short to be found"),
        pytest.param(body(""), body("1"), id="there was no item"),
        pytest.param(body("1", behind=',"input":[2]'), body("1,3", behind=',"input":[2]'), id="there are two inputs"),
        pytest.param(body("1", behind=',"instructions":"x"'), body("1,2"), id="a name stood on both sides"),
        pytest.param(body("1,2"), body("1,3"), id="an item was edited"),
        pytest.param(body("1,2"), body("1"), id="an item was dropped"),
        pytest.param(body("1"), body("12"), id="a number goes on"),
        pytest.param(body("1").replace(b"[1]", b'"1"'), body("1,2"), id="the input was a string"),
    ],
)
def test_anything_unusual_is_parsed_as_a_whole(first: bytes, second: bytes) -> None:
    read = read_twice(first, second)

    assert read.cached is None
    assert parse(second) == read.document


def test_a_conversation_keeps_only_its_last_body() -> None:
    bodies = remembered()
    for count in range(1, 50):
        turn = bodies.read(body(",".join(map(str, range(count)))))
        bodies.remember(turn, parsed=None)

    assert len(bodies._latest) == 1


def test_all_bodies_together_are_bounded() -> None:
    bodies = remembered(limit=20_000)
    for number in range(100):
        bodies.remember(bodies.read(body(f'"conversation {number}"', before=FILLER + f',"n":{number}')), parsed=None)

    assert 10_000 < bodies.size <= 20_000


def test_the_latest_bodies_are_kept() -> None:
    bodies = remembered(limit=20_000)
    for number in range(100):
        bodies.remember(bodies.read(body(f'"conversation {number}"')), parsed=None)

    assert bodies.read(body('"conversation 99",1')).cached is not None
    assert bodies.read(body('"conversation 0",1')).cached is None


def test_a_body_too_large_to_be_kept_beside_others_is_not() -> None:
    bodies = remembered(limit=1000)
    bodies.remember(bodies.read(body("1")), parsed=None)

    assert bodies.size == 0


def test_only_what_stands_behind_a_known_head_is_news() -> None:
    bodies = remembered()
    first, second, other = body('"one"'), body('"one","two"'), body('"other"')
    assert bodies.unparsed_length(first) == len(first)
    bodies.remember(bodies.read(first), parsed=None)

    assert bodies.unparsed_length(second) == len(second) - second.index(b',"two"')
    assert bodies.unparsed_length(other) == len(other)
