"""The verdicts by name, each with its meaning, its advice, and a group that says how it is drawn."""

import re
from pathlib import Path

import pytest
from codexcache.diagnosis.rules import SETTLED
from codexcache.options import OPTIONS
from codexcache.verdicts import GROUPS, MISSES, PREDICTABLE, PROMPT, QUIET, UNKNOWN, VERDICTS, verdict_entry

ROOT = Path(__file__).parents[1]
ENTRIES = [verdict_entry(name) for name in VERDICTS]


def test_each_verdict_that_is_no_miss_has_a_rule_and_each_miss_somebody_to_blame() -> None:
    assert tuple(SETTLED) == QUIET
    assert len(VERDICTS) == len(set(VERDICTS)) == 25
    assert {entry.blame for entry in ENTRIES if entry.is_miss} == {"avoidable", "expected", "outside"}
    assert {entry.blame for entry in ENTRIES if not entry.is_miss} == {""}


def test_what_is_no_miss_stands_before_what_is() -> None:
    assert VERDICTS[:6] == QUIET == ("rejected", "no_usage", "warm_up", "below_minimum", "cold", "hit")
    assert set(VERDICTS[6:]) == MISSES
    assert "cold" in PREDICTABLE
    assert not {"rejected", "no_usage", "hit", "upstream", "key_replaced"} & set(PREDICTABLE)


def test_what_changes_the_prompt_stands_together() -> None:
    first = VERDICTS.index("tools_changed")

    assert VERDICTS[first : first + len(PROMPT)] == PROMPT
    assert PROMPT[-2:] == ("context_compacted", "input_changed")


def test_the_documentation_names_each_verdict() -> None:
    texts = [file.read_text("utf-8") for file in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))]

    assert set(VERDICTS) <= set(re.findall(r"`(\w+)`", "\n".join(texts)))


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
    assert {entry.group for entry in ENTRIES} == set(GROUPS) - {UNKNOWN}


def test_a_verdict_of_another_version_is_no_miss_and_says_that_it_is_not_known() -> None:
    entry = verdict_entry("image_changed")

    assert (entry.name, entry.group, entry.is_miss) == ("image_changed", UNKNOWN, False)


def test_advice_is_whole_sentences_and_the_short_one_fits_a_line_of_a_table() -> None:
    for entry in ENTRIES:
        for text in (entry.short_advice, entry.full_advice, entry.success):
            assert text[0].isupper()
            assert text.endswith((".", ")."))
        assert len(entry.short_advice) < 120


def test_options_that_advice_names_exist() -> None:
    texts = [text for entry in ENTRIES for text in (entry.short_advice, entry.full_advice, entry.success)]

    assert set(re.findall(r"\bcodex_\w+", " ".join(texts))) <= set(OPTIONS)
