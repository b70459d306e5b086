"""The strip of a prompt's parts."""

import pytest
from codexcache.output.turn_page import PromptPart, bar, bar_lines, legend, table
from codexcache.text import NARROWEST

PARTS: list[PromptPart] = [("2 tools", 50, "same"), ("instructions", 30, "changed"), ("input[0]", 20, "same")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (PARTS, "█████◆░░░░"),
        ([("input[0]", 1, "same"), ("input[1]", 9, "new")], "█▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 5, "same"), ("input[1]", 1, "changed"), ("4 more items", 4, "behind")], "█████◆░░░░"),
        ([("0 tools", 0, "new"), ("instructions", 10, "new")], "▒▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 9999, "same"), ("input[1]", 1, "changed")], "█████████◆"),
        ([("3 tools", 4, "changed"), ("instructions", 6, "changed")], "◆░░░░░░░░░"),
        ([("0 tools", 0, "changed"), ("instructions", 9, "same")], "◆░░░░░░░░░"),
        ([(f"input[{place}]", 1, "new") for place in range(99)], "▒▒▒▒▒▒▒▒▒▒"),
        ([("instructions", 10, "odd")], "??????????"),
        ([("instructions", 0, "same")], ""),
        ([], ""),
    ],
)
def test_the_strip_is_scaled_and_marks_the_break(parts: list[PromptPart], expected: str) -> None:
    """A part that is there has a glyph at least; what stands as before but behind the break was not read."""
    assert bar(parts, 10) == expected


def test_the_table_says_in_the_legends_words_what_the_strip_draws() -> None:
    """So that no glyph has two meanings; a state of another version is shown as it is."""
    assert list(legend(60)) == ["█ as before   ◆ first difference   ░ behind it   ▒ new"]
    assert table([*PARTS, ("input[1]", 5, "changed"), ("input[2]", 5, "new"), ("input[3]", 5, "odd")], 60) == [
        "█ 2 tools       50 bytes  as before",
        "◆ instructions  30 bytes  first difference",
        "░ input[0]      20 bytes  behind it",
        "░ input[1]       5 bytes  behind it",
        "▒ input[2]       5 bytes  new",
        "? input[3]       5 bytes  odd",
    ]


@pytest.mark.parametrize("width", [NARROWEST, 76, 88])
def test_no_line_of_the_drawing_is_too_long(width: int) -> None:
    """A name that is, is cut; numbers and states stay whole."""
    parts: list[PromptPart] = [("3 tools", 592, "changed"), ("input[10] " + "x" * 90, 99_999_999, "new")]
    lines = list(bar_lines(parts, width))

    assert max(map(len, lines)) == len(lines[0]) == width
    assert lines[-1].endswith("…  99,999,999 bytes  new")
