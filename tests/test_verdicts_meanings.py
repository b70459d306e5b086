"""Every verdict has its meaning, and a group that says how it is drawn."""

import pytest
from codexcache.verdicts import GROUPS, MISSES, UNKNOWN, VERDICT_TABLE, VERDICTS, verdict_entry


@pytest.mark.parametrize("name", VERDICTS)
def test_a_meaning_is_one_line(name: str) -> None:
    entry = verdict_entry(name)

    assert (entry.name, entry.is_miss) == (name, name in MISSES)
    assert 0 < len(entry.meaning) < 100


def test_groups_of_misses_differ_by_their_sign_and_not_by_colour_alone() -> None:
    marks = [group.mark for group in GROUPS if group.is_miss]

    assert len(marks) == 4
    assert len(set(marks)) == len(marks)
    assert all(marks)


def test_every_group_but_the_unknown_one_is_that_of_some_verdict() -> None:
    assert {entry.group for entry in VERDICT_TABLE.values()} == set(GROUPS) - {UNKNOWN}


def test_a_verdict_of_another_version_is_no_miss_and_says_that_it_is_not_known() -> None:
    entry = verdict_entry("image_changed")

    assert (entry.name, entry.group, entry.is_miss) == ("image_changed", UNKNOWN, False)
