"""Header fields are read by name and edited in place."""

from codexcache.wire.headers import length_index, length_of, with_fields, with_length
from support.turns import FieldTuple

FIELDS: FieldTuple = ((b"A", b"1"), (b"Session_ID", b"2"), (b"b", b"3"), (b"session_id", b"4"))


def test_a_field_is_replaced_in_its_place_and_spelling_and_its_repetitions_go() -> None:
    """A new one is appended, and the given ones are left alone."""
    given = list(FIELDS)

    assert with_fields(given, {"session_id": "5"}) == ((b"A", b"1"), (b"Session_ID", b"5"), (b"b", b"3"))
    assert with_fields(given, {"c": "5"}) == (*FIELDS, (b"c", b"5"))
    assert tuple(given) == FIELDS


def test_a_length_is_left_blank_and_put_in_its_places() -> None:
    fields = ((b"Content-LENGTH", b"5"), (b"a", b"b"))
    blank = with_length(fields)

    assert blank == ((b"Content-LENGTH", b""), (b"a", b"b"))
    assert with_length(blank, b"17") == ((b"Content-LENGTH", b"17"), (b"a", b"b"))
    assert (length_of(fields), length_of(blank), length_of(())) == (b"5", b"", b"")
    assert with_length([(b"content-type", b"x")], b"5") == ((b"content-type", b"x"),)


def test_the_length_has_a_place_where_there_is_one() -> None:
    length, other = (b"Content-Length", b"5"), (b"a", b"b")

    assert [length_index(given) for given in ((other, length), (other,), (length, length))] == [1, None, None]
    assert with_length((other, length, other), b"17", 1) == (other, (b"Content-Length", b"17"), other)
