"""A budget of avoidably re-sent tokens, and what the input costs."""

import argparse

import pytest
from toolkit.budget import Prices, Spent, budget_line, cost_line, prices_of, share


@pytest.mark.parametrize(("text", "expected"), [("20%", 0.2), ("0%", 0), ("0.5%", 0.005), ("100%", 1)])
def test_a_share_is_a_percentage(text: str, expected: float) -> None:
    assert share(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["20", "", "%", "-1%", "101%", "nan%", "1e1%", "inf%", " 5 %"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no share such as 20%"):
        share(text)


def test_prices_are_of_tokens_uncached_and_cached() -> None:
    assert prices_of("1.25,0.125") == Prices(1.25, 0.125)


@pytest.mark.parametrize("text", ["1", "1,2", "1,x", "-1,-2", "1,0.5,0", ",", "nan,nan"])
def test_what_are_no_prices_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no pair of prices"):
        prices_of(text)


@pytest.mark.parametrize(("avoidable", "is_over"), [(200, False), (201, True), (0, False)])
def test_a_budget_is_kept_up_to_its_share(avoidable: int, is_over: bool) -> None:
    line = budget_line(Spent(1_000, 500, avoidable), 0.2)

    assert (line is not None) == is_over


def test_who_is_over_the_budget_hears_by_how_much() -> None:
    assert budget_line(Spent(1_000_000, 500_000, 231_000), 0.2) == (
        "23.1% of the input tokens was avoidably re-sent (231,000 of 1,000,000), more than the 20% of --fail-over: "
        "exit status 3."
    )


def test_without_any_input_no_budget_is_passed() -> None:
    assert budget_line(Spent(0, 0, 0), 0) is None


def test_the_cost_is_that_of_the_input_and_of_what_was_re_sent() -> None:
    """2.0 million uncached at 1.25 and 1.0 cached at 0.125; a million of them would have been read for a tenth."""
    assert cost_line(Spent(3_000_000, 1_000_000, 1_000_000), Prices(1.25, 0.125)) == (
        "at 1.25 and 0.125 a million: 2.62 for the input, 1.12 less if nothing had been avoidably re-sent"
    )
    assert cost_line(Spent(2_000_000, 2_000_000, 0), Prices(1.25, 0.125)) == (
        "at 1.25 and 0.125 a million: 0.25 for the input"
    )
