"""What turns came to against what the user says: the share that may be re-sent avoidably, and what a token costs."""

import argparse
from typing import NamedTuple

OVER_BUDGET = 3
"""The exit status where more was avoidably re-sent than the budget allows."""

_MILLION = 1_000_000


class Spent(NamedTuple):
    """Input tokens: all, those that were read from the cache, and those that were re-sent avoidably."""

    input: int
    cached: int
    avoidable: int

    @property
    def avoidable_share(self) -> float:
        """The share of all input tokens that was avoidably re-sent."""
        return self.avoidable / self.input if self.input else 0.0


class Prices(NamedTuple):
    """What a million input tokens costs, as a whole and where they are read from the cache."""

    input: float
    cached: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add `--fail-over` and `--price` to a command's options."""
    budget = f"exit with status {OVER_BUDGET} if more than this share of the input, such as 20%%, was avoidably re-sent"
    prices = "say what that costs, too, at so much a million input tokens, uncached and cached, such as 1.25,0.125"
    parser.add_argument("--fail-over", type=share, metavar="SHARE", help=budget)
    parser.add_argument("--price", type=prices_of, metavar="INPUT,CACHED", help=prices)


def share(value: str) -> float:
    """Return a share that is written as a percentage. Raises argparse.ArgumentTypeError."""
    number = _number(value.removesuffix("%"))
    if not value.endswith("%") or number is None or number > 100:
        raise argparse.ArgumentTypeError(f"{value!r} is no share such as 20%")
    return number / 100


def prices_of(value: str) -> Prices:
    """Return two prices that are written with a comma between them. Raises argparse.ArgumentTypeError."""
    numbers = [_number(part) for part in value.split(",")]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None or numbers[1] > numbers[0]:
        raise argparse.ArgumentTypeError(
            f"{value!r} is no pair of prices such as 1.25,0.125, of a million tokens uncached and cached"
        )
    return Prices(numbers[0], numbers[1])


def cost_line(spent: Spent, prices: Prices) -> str:
    """Return what the input cost, and what less it would have cost if nothing had been avoidably re-sent."""
    input_cost = (spent.input - spent.cached) * prices.input + spent.cached * prices.cached
    surplus = spent.avoidable * (prices.input - prices.cached)
    told = f", {surplus / _MILLION:,.2f} less if nothing had been avoidably re-sent" if spent.avoidable else ""
    return f"at {prices.input:g} and {prices.cached:g} a million: {input_cost / _MILLION:,.2f} for the input{told}"


def budget_line(spent: Spent, budget: float) -> str | None:
    """Return what to say where more was avoidably re-sent than the budget allows, None where it was not."""
    if spent.avoidable_share <= budget:
        return None
    return (
        f"{spent.avoidable_share:.1%} of the input tokens was avoidably re-sent ({spent.avoidable:,} of "
        f"{spent.input:,}), more than the {100 * budget:g}% of --fail-over: exit status {OVER_BUDGET}."
    )


def _number(text: str) -> float | None:
    """Return a number that is written in digits, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < _MILLION and text.strip("0123456789.") == "" else None
