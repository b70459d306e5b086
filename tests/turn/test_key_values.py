"""Which strings can be a key, and what the others become."""

import uuid

import pytest
from codexcache.turn.key_values import MAX_LENGTH, derived, usable
from hypothesis import given
from hypothesis import strategies as st
from support.jsontext import prop


@pytest.mark.parametrize(
    ("value", "form"),
    [
        pytest.param("k", "k", id="one character"),
        pytest.param("a" * 64, "a" * 64, id="64 characters"),
        pytest.param("!~{}\"\\'/=", "!~{}\"\\'/=", id="all visible ASCII characters"),
        pytest.param("  k \t\r\n", "k", id="white space around it is trimmed"),
        pytest.param(" " + "a" * 64 + " ", "a" * 64, id="it is measured after it was trimmed"),
    ],
)
def test_up_to_64_visible_ascii_characters_are_used_as_they_are(value: str, form: str) -> None:
    assert usable(value) == form


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a" * 65, id="65 characters"),
        pytest.param("two words", id="a space inside"),
        pytest.param("schlüssel", id="beyond ASCII"),
        pytest.param("🗝", id="beyond the basic plane"),
        pytest.param("a\u00a0b", id="a no-break space inside"),
        pytest.param("a\u200bb", id="a character without width"),
    ],
)
def test_longer_and_other_printable_values_become_one_uuid_of_version_5(value: str) -> None:
    form = usable(value)

    assert form is not None
    assert uuid.UUID(form).version == 5
    assert usable(f" {value} ") == form


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param(" \t\n\u00a0\u2003", id="blank"),
        pytest.param("a\nb", id="a line end inside"),
        pytest.param("a\x00b", id="a zero byte"),
        pytest.param("\x1b[31mred", id="a terminal escape"),
        pytest.param("a\x7f", id="delete"),
        pytest.param("a\x85b", id="a C1 control"),
        pytest.param("a" * 70 + "\x07" + "b", id="a control in a long value"),
        pytest.param("\ud83d", id="a lone surrogate"),
        pytest.param(None, id="null"),
        pytest.param(7, id="a number"),
        pytest.param(True, id="a boolean"),
        pytest.param(["k"], id="a list"),
        pytest.param({"id": "k"}, id="an object"),
    ],
)
def test_blank_strings_controls_and_other_types_count_as_absent(value: object) -> None:
    assert usable(value) is None


def test_the_form_of_a_long_value_and_a_derived_key_never_change() -> None:
    """Others would orphan every cached prompt."""
    assert usable("a" * 65) == "17964686-e33c-56dc-8497-1cea7dcd9da0"
    assert derived("principal", "issuer", "user", "account") == "5cc147a4-2e00-5c84-b159-22c27cc017e3"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("ab", "c"), ("a", "bc"), id="where a part ends"),
        pytest.param(("a", "b"), ("b", "a"), id="their order"),
        pytest.param(("a",), ("a", ""), id="their number"),
        pytest.param(('a", "b',), ("a", "b"), id="what looks like a separator"),
        pytest.param((None,), ("null",), id="nothing and its name"),
    ],
)
def test_keys_are_told_apart_by_each_part(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert derived(*one) != derived(*other)


@prop
@given(st.text(max_size=100))
def test_a_usable_form_is_short_visible_ascii_and_stays_as_it_is(value: str) -> None:
    form = usable(value)

    if form is not None:
        assert 1 <= len(form) <= MAX_LENGTH
        assert all("!" <= character <= "~" for character in form)
        assert usable(form) == form


@prop
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=100), st.text(st.characters(codec="utf-8")))
def test_two_values_share_a_form_only_where_they_are_the_same_but_for_the_space_around(one: str, other: str) -> None:
    if usable(one) is not None and usable(one) == usable(other):
        assert one.strip() == other.strip()
