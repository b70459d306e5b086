"""What a stranger says cannot steer a terminal."""

from codexcache.visible import visible


def test_what_is_visible_stays() -> None:
    assert visible("gpt-5.5 ~ (x)") == "gpt-5.5 ~ (x)"


def test_everything_else_becomes_a_question_mark() -> None:
    assert visible("a\x1b[31m\n\x7f\u202eé😀") == "a?[31m?????"


def test_a_long_text_is_cut() -> None:
    assert visible("abc", 2) == "ab"
