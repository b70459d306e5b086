"""Medians, quartiles and ratios of rounds."""

import pytest
from codex_bench.spread import Spread, differences, mean, ratios, spread


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        pytest.param([3.0], Spread(3, 3, 3), id="one"),
        pytest.param([1.0, 3.0], Spread(2, 1.5, 2.5), id="between two"),
        pytest.param([5.0, 1.0, 4.0, 2.0, 3.0], Spread(3, 2, 4), id="in any order"),
        pytest.param([1.0, 1.0, 1.0, 1.0, 900.0], Spread(1, 1, 1), id="one that is far off"),
    ],
)
def test_a_spread_is_the_median_and_the_quartiles(figures: list[float], expected: Spread) -> None:
    assert spread(figures) == expected


def test_no_figures_have_no_spread() -> None:
    assert spread([]) is None


def test_rounds_are_compared_with_the_same_round() -> None:
    assert ratios([2.0, 9.0], [1.0, 3.0]) == [2, 3]
    assert differences([2.0, 9.0], [1.0, 3.0]) == [1, 6]


def test_a_round_in_which_the_base_has_nothing_does_not_count() -> None:
    assert ratios([2.0, 9.0], [0.0, 3.0]) == [3]


def test_rounds_that_do_not_belong_together_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [1.0, 2.0])


def test_a_spread_is_shown_with_three_digits() -> None:
    assert (str(Spread(1.0781, 1.05, 1.1)), mean([1.0, 2.0])) == ("1.078 (1.050 to 1.100)", 1.5)
