"""What a stranger says cannot steer a terminal."""

import pytest
from codexcache.visible import cell, visible


def test_what_is_visible_stays() -> None:
    assert visible("gpt-5.5 ~ (x)") == "gpt-5.5 ~ (x)"


def test_everything_else_becomes_a_question_mark() -> None:
    assert visible("a\x1b[31m\n\x7f\u202eé😀") == "a?[31m?????"


def test_a_long_text_is_cut() -> None:
    assert visible("abc", 2) == "ab"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd|'/c calc'!A1", "@SUM(A1)"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-", "hit", "1,204", "a=b", " =1"])
def test_any_other_cell_stays(text: str) -> None:
    assert cell(text) == text
