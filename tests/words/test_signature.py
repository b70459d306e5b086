"""The strip of a prompt's parts."""

import pytest
from codexcache.words.signature import LEGEND, Part, strip, table

PARTS: list[Part] = [("2 tools", 50, "same"), ("instructions", 30, "changed"), ("input[0]", 20, "same")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (PARTS, "█████◆░░░░"),
        ([("input[0]", 1, "same"), ("input[1]", 9, "new")], "█▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 5, "same"), ("input[1]", 1, "changed"), ("4 more items", 4, "behind")], "█████◆░░░░"),
        ([("0 tools", 0, "new"), ("instructions", 10, "new")], "▒▒▒▒▒▒▒▒▒▒"),
        ([("input[0]", 9999, "same"), ("input[1]", 1, "changed")], "██████████◆"),
        ([("instructions", 10, "odd")], "??????????"),
        ([("instructions", 0, "same")], ""),
        ([], ""),
    ],
)
def test_the_strip_is_scaled_and_marks_the_break(parts: list[Part], expected: str) -> None:
    """A part that is there has a glyph at least; what stands as before but behind the break was not read."""
    assert strip(parts, 10) == expected


def test_the_table_says_what_each_part_is() -> None:
    lines = list(table(PARTS))

    assert [line.split() for line in lines] == [
        ["█", "2", "tools", "50", "bytes", "same"],
        ["◆", "instructions", "30", "bytes", "changed"],
        ["░", "input[0]", "20", "bytes", "same"],
    ]


def test_the_legend_explains_each_glyph() -> None:
    assert LEGEND == "█ as before   ◆ first difference   ░ behind it   ▒ new"
