"""Two spellings that say the same, and where elements of a list stand."""

import json

import pytest
from codexcache.repair.spelling import Unlike, elements, end_of, is_same, value_of
from hypothesis import given
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def respelled(value: object) -> bytes:
    """Return a value with its members the other way round, white space and escapes."""
    if isinstance(value, dict):
        pairs = (json.dumps(name).encode() + b" :\n" + respelled(inner) for name, inner in reversed(value.items()))
        return b"{ " + b" ,\t".join(pairs) + b" }"
    if isinstance(value, list):
        return b"[\r\n" + b" , ".join(map(respelled, value)) + b" ]"
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":1,"b":[2]}', b'{ "b" : [ 2 ], "a" : 1 }'),
        (b'"\xc3\xa9/"', b'"\\u00e9\\/"'),
        (b'"\xf0\x9f\x99\x82"', b'"\\ud83d\\ude42"'),
        (b"1.50", b"15e-1"),
        (b"100", b"1E2"),
        (b"0.0", b"0e7"),
        (b"12345678901234567890123", b"12345678901234567890123.0"),
    ],
)
def test_the_same_json_in_other_bytes_says_the_same(one: bytes, other: bytes) -> None:
    assert is_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"1", b"true"),
        (b"0", b"-0"),
        (b"1", b'"1"'),
        (b"9007199254740993", b"9007199254740992"),
        (b"0.1", b"0.10000000000000000001"),
        (b"1e400", b"1e401"),
        (b"[1,2]", b"[2,1]"),
        (b'{"a":1}', b'{"a":1,"b":null}'),
        (b'{"a":1,"a":2}', b'{"a":2}'),
        (b"[" * 100_000 + b"]" * 100_000, b"[ " * 100_000 + b"]" * 100_000),
    ],
)
def test_what_a_reader_could_tell_apart_does_not(one: bytes, other: bytes) -> None:
    assert not is_same(one, other)


@given(VALUES)
def test_any_value_is_recognized_in_another_spelling(value: object) -> None:
    assert is_same(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), respelled(value))


@given(st.lists(VALUES))
def test_elements_are_found_in_any_spelling(values: list[object]) -> None:
    text = respelled(values)

    assert [value_of(text[start:end]) for start, end in elements(text)] == [
        value_of(json.dumps(value).encode()) for value in values
    ]


def test_an_object_with_a_member_twice_is_not_compared() -> None:
    with pytest.raises(Unlike):
        value_of(b'{"a":1,"a":1}')


@given(st.integers(1, 40_000), st.sampled_from([b'"', b"[[", b"{}"]), st.sampled_from([b",1", b"]", b" ", b""]))
def test_the_end_of_a_value_is_found_however_long_it_is(length: int, kind: bytes, after: bytes) -> None:
    value = {b'"': b'"' + b"x" * length + b'"', b"[[": b"[" + b"[1]," * (length // 4) + b"2]", b"{}": b"1" * length}[
        kind
    ]

    assert end_of(b"  " + value + after, 2) == 2 + len(value)
