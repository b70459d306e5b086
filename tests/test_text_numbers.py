"""Numbers in words."""

import pytest
from codexcache.text import counted, minutes, number, percent


def test_a_number_has_its_noun() -> None:
    assert [counted(number, "turn") for number in (0, 1, 2000)] == ["0 turns", "1 turn", "2,000 turns"]


def test_what_is_not_known_is_not_0() -> None:
    assert [number(value) for value in (None, 0, 2000)] == ["n/a", "0", "2,000"]
    assert [percent(share) for share in (None, 0.0, 0.814, 1.0)] == ["n/a", "0%", "81%", "100%"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(301, "5 minutes"), (3600, "60 minutes"), (7199, "120 minutes"), (7200, "2 hours"), (90_000, "25 hours")],
)
def test_a_long_span_is_given_in_minutes_or_hours(seconds: float, said: str) -> None:
    assert minutes(seconds) == said
