"""Every verdict has its word."""

import pytest
from codexcache.report.vocabulary import GROUPS, UNKNOWN, WORDS, word_of
from codexcache.verdicts import MISSES, VERDICTS
from codexcache.words.advice import ADVICE


@pytest.mark.parametrize("name", VERDICTS)
def test_a_word_is_one_line_with_the_advice_that_a_turns_page_gives(name: str) -> None:
    word = word_of(name)

    assert (word.name, word.is_miss) == (name, name in MISSES)
    assert 0 < len(word.meaning) < 100
    assert word.advice == ADVICE[name].short


def test_groups_of_misses_differ_by_their_sign_and_not_by_colour_alone() -> None:
    marks = [group.mark for group in GROUPS if any(word.is_miss and word.group is group for word in WORDS.values())]

    assert len(marks) == 4
    assert len(set(marks)) == len(marks)
    assert all(marks)


def test_a_verdict_of_another_version_is_no_miss_and_says_that_it_is_not_known() -> None:
    word = word_of("image_changed")

    assert (word.name, word.group, word.is_miss) == ("image_changed", UNKNOWN, False)
    assert set(VERDICTS) == set(WORDS)
