"""Shares, spans and times, as the page shows them."""

import pytest
from codexcache import text as formatting

MOMENT = 1795161600.0
"""2026-11-20 08:00:00 UTC."""


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "n/a"), (0, "0.0%"), (0.00001, "0.1%"), (0.5, "50.0%"), (0.9999, "99.9%"), (1, "100.0%")],
)
def test_what_is_not_quite_all_or_nothing_does_not_read_like_it(value: float | None, said: str) -> None:
    assert formatting.share(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "under 1 s"), (9, "9 s"), (61, "1 min"), (3600, "60 min"), (7200, "2 h"), (200_000, "2 days")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert formatting.span(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (500, "500"), (20_000, "20k"), (1_500_000, "1.5M"), (2 * 10**9, "2G")]
)
def test_an_axis_has_round_numbers(number: int, said: str) -> None:
    assert formatting.short(number) == said


def test_times_are_utc_and_a_period_names_its_second_day_only_where_it_is_another() -> None:
    assert (formatting.day(MOMENT), formatting.clock(MOMENT + 61)) == ("2026-11-20", "08:01")
    assert formatting.clock_to_the_second(MOMENT + 61) == "08:01:01"
    assert formatting.period(MOMENT, MOMENT + 600) == "2026-11-20 08:00 to 08:10 UTC"
    assert formatting.period(MOMENT, MOMENT + 90_000) == "2026-11-20 08:00 to 2026-11-21 09:00 UTC"
