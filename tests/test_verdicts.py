"""The verdicts by name."""

from codexcache.diagnosis.rules import RULES
from codexcache.verdicts import MISSES, PREDICTABLE, QUIET, VERDICTS


def test_the_table_is_the_list_of_verdicts_in_its_order() -> None:
    assert [name for name, _ in RULES] == list(VERDICTS)
    assert len(VERDICTS) == len(set(VERDICTS)) == 24


def test_what_is_no_miss_stands_before_what_is() -> None:
    assert VERDICTS[:5] == QUIET == ("rejected", "no_usage", "below_minimum", "cold", "hit")
    assert set(VERDICTS[5:]) == MISSES
    assert "cold" in PREDICTABLE
    assert not {"rejected", "no_usage", "hit", "upstream", "key_replaced"} & set(PREDICTABLE)
