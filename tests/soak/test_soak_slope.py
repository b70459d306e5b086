"""How much a figure grows a turn."""

import pytest
from codex_soak.slope import Point, second_half, slope


def test_a_line_has_its_own_slope() -> None:
    assert slope([(0, 5), (10, 25), (20, 45)]) == 2


def test_a_flat_figure_has_no_slope() -> None:
    assert slope([(turns, 7) for turns in range(0, 100, 10)]) == 0


def test_a_sample_taken_at_a_bad_moment_says_nothing() -> None:
    points: list[Point] = [(turns, turns) for turns in range(20)]
    points[10] = (10, 1_000_000)

    assert slope(points) == pytest.approx(1)


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)]])
def test_a_slope_needs_two_places(points: list[Point]) -> None:
    assert slope(points) is None


def test_the_second_half_is_that_of_the_way_not_of_the_points() -> None:
    assert second_half([(0, 0), (1, 0), (2, 0), (60, 1), (100, 2)]) == [(60, 1), (100, 2)]


def test_nothing_has_no_second_half() -> None:
    assert second_half([]) == []
