"""The first difference between two prompts, as lines."""

from dataclasses import replace

from codexcache.output.first_difference import Difference, difference_lines

DIFFERENCE = Difference(path="tools[1].description", offset=460, context="…to disk. ", was="a", now="b", kind="text")


def test_both_sides_are_shown_with_the_place_and_the_kind() -> None:
    assert list(difference_lines(DIFFERENCE, 76)) == [
        "First difference in tools[1].description, from character 460 on: text",
        "  both   …to disk. ",
        "  was  ▸ a",
        "  now  ▸ b",
    ]
    assert list(difference_lines(DIFFERENCE, 62))[:2] == [  # where both do not fit in one line
        "First difference in tools[1].description,",
        "  from character 460 on: text",
    ]


def test_what_is_too_long_is_cut_away_from_the_difference() -> None:
    _, *sides = difference_lines(replace(DIFFERENCE, context="b" * 90, was="w" * 90, now="n" * 90), 76)

    assert sides == [f"  both   …{'b' * 66}", f"  was  ▸ {'w' * 66}…", f"  now  ▸ {'n' * 66}…"]


def test_where_there_is_no_place_or_no_difference_that_is_told() -> None:
    nowhere = difference_lines(replace(DIFFERENCE, path=""), 76)

    assert next(nowhere) == "First difference, from character 460 on: text"
    assert list(difference_lines("the flow is gone.", 76)) == ["First difference: the flow is gone."]
    assert list(difference_lines(None, 76)) == []
