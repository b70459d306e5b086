"""A body is read on from the one that it starts with, and says what a whole parse says.

What was edited behind the items of a body is not worked out again for the next body of the same frame.
"""

from collections.abc import Collection

import pytest
from codexcache.body import incremental
from codexcache.body.incremental import Body, cached_body, read_whole
from codexcache.body.json_splice import Json, Object, parse
from hypothesis import given
from hypothesis import strategies as st
from support.bodies import FRONT, check, extended, known, same, text_of
from support.jsontext import prop, white

TOOLS = '"tools":[{"name":"shell"}]'


def check_changes(body: Body[Json], earlier: list[Json]) -> None:
    """Assert that a body says what its text says, and that only what is told to has changed."""
    assert body.cached is not None
    check(body, earlier, ({"a"}, {"key": "k"}))
    if body.changed is not None:
        assert same(unchanged(body.cached.fields, body.changed), unchanged(parse(body.text), body.changed))


def unchanged(document: Object, changed: Collection[str]) -> Object:
    return {name: value for name, value in document.items() if name not in {*changed, "input"}}


@pytest.mark.parametrize(
    ("first", "second", "changed"),
    [
        pytest.param(f",{TOOLS}", f",{TOOLS}", set(), id="nothing"),
        pytest.param(f',{TOOLS},"m":{{"a":1}}', f',{TOOLS},"m":{{"b":2}}', {"m"}, id="the last member"),
        pytest.param(f',{TOOLS},"m":1,"n":2', f',{TOOLS},"m":3,"n":2', {"m", "n"}, id="all from the first on"),
        pytest.param(f',{TOOLS},"m":1', f",{TOOLS}", {"m"}, id="one is gone"),
        pytest.param(f",{TOOLS}", f',{TOOLS},"m":1', {"m"}, id="one is new"),
        pytest.param(f' , {TOOLS} , "m" : 1 ', f' , {TOOLS} , "m" : 2 ', {"m"}, id="with white space"),
        pytest.param(',"m":1', ',"m":2', {"m"}, id="the first one behind the items"),
        pytest.param(',"m":1,"n":1', ',"m":12,"n":1', None, id="a number goes on"),
        pytest.param(',"m":1,"n":1', ',"o":1,"n":1', None, id="another name follows on the items"),
        pytest.param(',"m":1,"n":2', ',"m":1,"m":2', None, id="a name comes again"),
        pytest.param(',"m":1,"m":2', ',"m":1,"n":2', None, id="a name came again"),
        pytest.param("", ',"m":1', None, id="nothing stood behind the items"),
    ],
)
def test_what_has_changed_is_told(first: str, second: str, changed: set[str] | None) -> None:
    body = extended(known(text_of("1", behind=first)), text_of("1,2", behind=second))
    assert body is not None
    check_changes(body, [1])

    assert (body.changed if body.changed is None else set(body.changed)) == changed


@pytest.mark.parametrize("end", [',"m":2,}', ',"m":2', ',"m":}', ',"m":2}}', ',"m":2} x', ',"input":[3]}'])
def test_what_is_out_of_the_ordinary_is_left_to_a_whole_parse(end: str) -> None:
    second = text_of("1,2", behind="")[:-1] + f",{TOOLS}{end}".encode()

    assert extended(known(text_of("1", behind=f',{TOOLS},"m":1')), second) is None


member = st.tuples(
    st.sampled_from(["a", "b", "tools", "input", "é"]),
    st.sampled_from(["1", "12", '"x"', '"]},{"', "{}", '[{"tools":[]}]', '{"b":[1,2]}']),
    white,
)
plain = st.lists(member.filter(lambda one: one[0] != "input"), max_size=4, unique_by=lambda one: one[0])
frames = st.one_of(plain, plain, st.lists(member, max_size=5))
added = ["2", '{"c":[],"tools":[1]}', '"],\\"a\\":"', "[]"]
news = st.one_of(
    st.lists(st.sampled_from(added), max_size=3), st.sampled_from([["1,"], ["]"], ["3],[4"], ['2],"a":[']])
)


def spelled(members: list[tuple[str, str, str]]) -> str:
    return "".join(f',{gap}"{name}":{gap}{value}{gap}' for name, value, gap in members)


@st.composite
def alike(draw: st.DrawFn) -> tuple[str, str]:
    """Return how two bodies end whose frames have some members in common; mostly, no name comes twice."""
    one, other, count = draw(frames), draw(frames), draw(st.integers(0, 5))
    names = {name for name, _, _ in one[:count]} if draw(st.integers(0, 3)) else set()
    return spelled(one), spelled([*one[:count], *(member for member in other if member[0] not in names)])


@prop
@given(alike(), news, st.booleans())
def test_frames_that_begin_alike_are_read_as_by_itself(
    ends: tuple[str, str], items: list[str], is_cut_off: bool
) -> None:
    first = text_of("1", behind=ends[0])
    second = text_of(",".join(["1", *items]), behind=ends[1])[: -1 if is_cut_off else None]
    begun = cached_body(read_whole(first), None, (), {}, None)
    if begun and (body := extended(begun, second)):
        check_changes(body, [1])


KEY = {"prompt_cache_key": "k"}
NONE = frozenset[str]()


def text(items: int, front: str = FRONT, behind: str = ',"stream":true') -> bytes:
    return text_of(",".join(map(str, range(items))), front, behind)


def gone_on(first: bytes, second: bytes) -> Body[None]:
    """Return the second body, read in the light of the first one, which was sent with a key."""
    one: Body[None] = read_whole(first)
    earlier = cached_body(one, None, NONE, KEY, one.edited(NONE, KEY))
    assert earlier is not None
    body = extended(earlier, second)
    assert body is not None
    return body


def test_the_same_edit_of_the_same_frame_is_put_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gone_on(text(2), text(4))
    monkeypatch.setattr(incremental, "edited", None)

    assert body.edited(NONE, KEY) == text(4, behind=',"stream":true,"prompt_cache_key":"k"')


@pytest.mark.parametrize(
    ("drop", "put", "expected"),
    [
        (NONE, {"prompt_cache_key": "other"}, text(4, behind=',"stream":true,"prompt_cache_key":"other"')),
        (frozenset({"stream"}), KEY, text(4, behind=',"prompt_cache_key":"k"')),
        (NONE, {}, text(4)),
    ],
)
def test_another_edit_is_made_as_ever(drop: frozenset[str], put: dict[str, str], expected: bytes) -> None:
    assert gone_on(text(2), text(4)).edited(drop, put) == expected


def test_another_frame_is_edited_as_it_is_and_a_short_body_is_not_remembered() -> None:
    body = gone_on(text(2), text(4, behind=',"stream":false'))
    short: Body[None] = read_whole(b'{"input":[1]}')

    assert body.changed == {"stream"}
    assert body.edited(NONE, KEY) == text(4, behind=',"stream":false,"prompt_cache_key":"k"')
    assert cached_body(short, None, NONE, {}, short.text) is None


def test_an_edit_before_the_items_is_made_again() -> None:
    """The bytes before them are not put together from anything."""
    before = f'"prompt_cache_key":"mine",{FRONT}'
    body = gone_on(text(2, before), text(4, before))

    assert body.edited(NONE, KEY) == text(4, before.replace("mine", "k"))


def test_what_it_takes_to_remember_a_body_is_counted_with_what_was_sent() -> None:
    body: Body[None] = read_whole(text(2))
    plain, edited = (
        cached_body(body, None, NONE, put, body.edited(NONE, put)) for put in ({}, {"prompt_cache_key": "k" * 500})
    )

    assert plain is not None
    assert edited is not None
    assert 500 < edited.cost - plain.cost < 600
