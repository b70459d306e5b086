"""What a stranger says cannot steer a terminal; text is laid out for a width; numbers in words."""

import pytest
from codexcache.text import (
    ascii_only,
    cell,
    columns,
    counted,
    cut,
    cut_start,
    facts,
    minutes,
    number,
    percent,
    printable,
    span_to_the_second,
    with_symbols,
    without_credentials,
    wrapped,
)

FACTS = ["turn 13", "status 200", "mode fill"]


def test_in_ascii_everything_but_what_is_visible_becomes_a_question_mark() -> None:
    assert ascii_only("gpt-5.5 ~ (x)") == "gpt-5.5 ~ (x)"
    assert ascii_only("a\x1b[31m\n\x7f\u202eé😀") == "a?[31m?????"
    assert ascii_only("abc", 2) == "ab"


def test_what_does_not_print_becomes_a_question_mark_and_a_text_that_is_cut_says_so() -> None:
    assert printable(" é 😀 a\x1b[31m\n\u202eb\u200b ", 99) == "é 😀 a?[31m??b?"
    assert [printable(text, 4) for text in ("abcd", "abcde")] == ["abcd", "abc…"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 😀", "plain é 😀"),
        ("a\nb\r\n\t", "a␊b␍␊␉"),
        ("\x1b[31mred\x07\x00\x7f", "␛[31mred␇␀␡"),
        ("\x9b2J\u202e\u200b\u2028", "<U+009B>2J<U+202E><U+200B><U+2028>"),
        ("\ud83d", "<U+D83D>"),
    ],
)
def test_what_does_not_print_has_a_symbol_or_its_number(text: str, expected: str) -> None:
    assert with_symbols(text) == expected


def test_a_cell_is_no_formula() -> None:
    formulas, others = ["=1+1", "+1", "-1+cmd|'/c calc'!A1", "@SUM(A1)"], ["", "-", "hit", "1,204", "a=b", " =1"]

    assert [cell(text) for text in (*formulas, *others)] == [*(f"'{text}" for text in formulas), *others]


def test_a_text_is_wrapped_between_words() -> None:
    """Not at hyphens, where names would fall apart; what could steer a terminal is shown before it is measured."""
    assert wrapped("a\u202eb", 20) == list(facts(["a\u202eb"], 20)) == ["a<U+202E>b"]
    assert wrapped("- it became gpt-6-luna", 14, "  ", "    ") == ["  - it became", "    gpt-6-luna"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (32, ["turn 13 · status 200 · mode fill"]),
        (31, ["turn 13 · status 200", "mode fill"]),
        (19, ["turn 13", "status 200", "mode fill"]),
        (9, ["turn 13", "status 2…", "mode fill"]),
    ],
)
def test_a_line_never_breaks_inside_a_fact(width: int, expected: list[str]) -> None:
    assert list(facts(FACTS, width)) == expected
    assert list(facts([], width)) == columns([]) == []


def test_cells_stand_in_line_with_numbers_to_the_right() -> None:
    """Names at the top make no difference."""
    rows = [["name", "input", "share", "size"], ["a", "1,204", "n/a", "12 bytes"], ["bcd efg", "7", "11%", ""]]

    assert columns(rows, names=1) == [
        "name     input  share      size",
        "a        1,204    n/a  12 bytes",
        "bcd efg      7    11%",
    ]


def test_a_text_is_cut_at_either_end() -> None:
    assert [cut("abcdef", length) for length in (6, 4)] == ["abcdef", "abc…"]
    assert [cut_start("abcdef", length) for length in (6, 4)] == ["abcdef", "…def"]


def test_a_number_has_its_noun() -> None:
    assert [counted(number, "turn") for number in (0, 1, 2000)] == ["0 turns", "1 turn", "2,000 turns"]


def test_what_is_not_known_is_not_0() -> None:
    assert [number(value) for value in (None, 0, 2000)] == ["n/a", "0", "2,000"]
    assert [percent(share) for share in (None, 0.0, 0.814, 1.0)] == ["n/a", "0%", "81%", "100%"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(301, "5 minutes"), (3600, "60 minutes"), (7199, "120 minutes"), (7200, "2 hours"), (90_000, "25 hours")],
)
def test_a_long_span_is_given_in_minutes_or_hours(seconds: float, said: str) -> None:
    assert minutes(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(59.7, "60 s"), (60, "1 min"), (252.9, "4 min 12 s"), (7_199, "119 min 59 s"), (7_200, "2 h")],
)
def test_a_span_is_given_to_the_second_where_that_matters(seconds: float, said: str) -> None:
    assert span_to_the_second(seconds) == said


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://host:6379/0", "redis://host:6379"),
        ("rediss://user:secret@host:6379/0", "rediss://host:6379"),
        ("redis://user:sec@ret@host", "redis://host"),
        ("redis://user:with secret@host", "redis://host"),
        ("redis://:se/cret@host", "redis://host"),
        ("redis:/user:secret@host", "redis://host"),
        ("redis:user:secret@host", "redis://host"),
        ("postgres://user:secret@host/db", "postgres://host"),
        ("/path/of a/file", "/path/of a/file"),
        ("on", "on"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_credentials(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
