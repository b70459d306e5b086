"""Text laid out for a width."""

import pytest
from codexcache.text import columns, cut, cut_start, facts, wrapped

FACTS = ["turn 13", "status 200", "mode fill"]


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
    assert [cut("abcdef", 6), cut("abcdef", 4), cut_start("abcdef", 6), cut_start("abcdef", 4)] == [
        "abcdef",
        "abc…",
        "abcdef",
        "…def",
    ]
