"""How much a figure grows a turn.

The slope is the median of those between every two samples (Theil and Sen), so single samples that were taken at a bad
moment say nothing. A figure that settles grows ever less: what counts is the second half of what is asked about.
"""

import statistics
from collections.abc import Sequence
from itertools import combinations

type Point = tuple[float, float]


def slope(points: Sequence[Point]) -> float | None:
    """Return the growth of the second figure with the first, None where there are not two points to tell it from."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return statistics.median(slopes) if slopes else None


def second_half(points: Sequence[Point]) -> list[Point]:
    """Return the points of the second half of the way from the first one to the last."""
    if not points:
        return []
    middle = (points[0][0] + points[-1][0]) / 2
    return [point for point in points if point[0] >= middle]
