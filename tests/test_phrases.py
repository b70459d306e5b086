"""Numbers in words."""

import pytest
from codexcache.phrases import counted, minutes


def test_a_number_has_its_noun() -> None:
    assert [counted(number, "turn") for number in (0, 1, 2000)] == ["0 turns", "1 turn", "2,000 turns"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(301, "5 minutes"), (3600, "60 minutes"), (7199, "120 minutes"), (7200, "2 hours"), (90_000, "25 hours")],
)
def test_a_long_span_is_given_in_minutes_or_hours(seconds: float, said: str) -> None:
    assert minutes(seconds) == said
