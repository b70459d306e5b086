"""What a stranger says cannot steer a terminal."""

import pytest
from codexcache.text import ascii_only, cell, printable, with_symbols


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
