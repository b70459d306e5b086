"""What was edited behind the items of a body is not worked out again for the next body of the same frame."""

import pytest
from codexcache.body import incremental
from codexcache.body.incremental import Body, cached_body, parse_with_prefix, read_whole
from support.bodies import text_of

KEY = {"prompt_cache_key": "k"}
NONE = frozenset[str]()


FRONT = '"instructions":"' + "i" * 600 + '"'


def text(items: int, front: str = FRONT, behind: str = ',"stream":true') -> bytes:
    return text_of(",".join(map(str, range(items))), front, behind)


def gone_on(first: bytes, second: bytes) -> Body[None]:
    """Return the second body, read in the light of the first one, which was sent with a key."""
    one: Body[None] = read_whole(first)
    known = cached_body(one, None, NONE, KEY, one.edited(NONE, KEY))
    assert known is not None
    body = parse_with_prefix(known, second)
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
