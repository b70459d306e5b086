"""Header fields are read by name and edited in place."""

from codexcache.wire.fields import all_values, first_value, has_any, with_field
from support.turns import FieldTuple

FIELDS: FieldTuple = ((b"A", b"1"), (b"Session_ID", b"2"), (b"b", b"3"), (b"session_id", b"4"))


def test_a_field_is_found_in_any_case_and_in_order() -> None:
    assert all_values(FIELDS, "SESSION_id") == ["2", "4"]


def test_the_first_of_several_fields_counts() -> None:
    assert first_value(FIELDS, "session_id") == "2"


def test_a_missing_field_has_no_value() -> None:
    assert (first_value(FIELDS, "c"), all_values(FIELDS, "c")) == (None, [])


def test_an_underscore_and_a_hyphen_are_two_names() -> None:
    assert first_value(FIELDS, "session-id") is None


def test_bytes_that_are_not_utf_8_are_kept_as_surrogates() -> None:
    assert all_values([(b"a", b"\xff")], "a") == ["\udcff"]


def test_a_field_without_a_value_is_there() -> None:
    assert has_any([(b"Thread-Id", b"")], ["thread-id"])


def test_other_names_do_not_count() -> None:
    assert not has_any(FIELDS, ["session", "id"])


def test_a_new_field_is_appended() -> None:
    assert with_field(FIELDS, "c", "5") == (*FIELDS, (b"c", b"5"))


def test_a_field_is_replaced_in_its_place_and_spelling_and_its_repetitions_go() -> None:
    assert with_field(FIELDS, "session_id", "5") == ((b"A", b"1"), (b"Session_ID", b"5"), (b"b", b"3"))


def test_the_given_fields_are_left_alone() -> None:
    given = list(FIELDS)
    with_field(given, "session_id", "5")

    assert tuple(given) == FIELDS
