"""The time that a hostile input takes grows with its size and no faster: four times the size, about four times."""

import pytest
from codex_fuzz.growth import BOUND, CASES, Case, ratio_of

SMALL = 16 << 10
"""Bytes of the smaller input: enough to tell a square from a line, where each byte costs anything at all."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parser}: {case.name}")
def test_the_time_grows_with_the_size_and_no_faster(case: Case) -> None:
    assert ratio_of(case, SMALL) <= BOUND


def test_a_square_is_noticed() -> None:
    """Steps for each pair of 256 bytes, say."""
    square = Case("none", "pairs", lambda size: size >> 8, lambda steps: sum(1 for _ in range(steps**2)))

    assert ratio_of(square, 4 * SMALL) > BOUND
