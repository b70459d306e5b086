"""The verdicts by name."""

import re
from pathlib import Path

from codexcache.diagnosis.rules import RULES
from codexcache.verdicts import MISSES, PREDICTABLE, PROMPT, QUIET, VERDICTS

ROOT = Path(__file__).parents[1]


def test_each_verdict_has_a_rule_and_each_rule_a_verdict() -> None:
    assert set(RULES) == set(VERDICTS)
    assert len(VERDICTS) == len(set(VERDICTS)) == 24


def test_what_is_no_miss_stands_before_what_is() -> None:
    assert VERDICTS[:5] == QUIET == ("rejected", "no_usage", "below_minimum", "cold", "hit")
    assert set(VERDICTS[5:]) == MISSES
    assert "cold" in PREDICTABLE
    assert not {"rejected", "no_usage", "hit", "upstream", "key_replaced"} & set(PREDICTABLE)


def test_what_changes_the_prompt_stands_together() -> None:
    first = VERDICTS.index("tools_changed")

    assert VERDICTS[first : first + len(PROMPT)] == PROMPT
    assert PROMPT[-2:] == ("context_compacted", "input_changed")


def test_the_documentation_names_each_verdict() -> None:
    texts = [file.read_text("utf-8") for file in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))]

    assert set(VERDICTS) <= set(re.findall(r"`(\w+)`", "\n".join(texts)))
