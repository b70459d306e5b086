"""The time that a hostile input takes grows with its size and no faster: four times the size, about four times."""

import pytest
from codex_fuzz.growth import BOUND, CASES, ratio_of

SMALL = 16 << 10
"""Bytes of the smaller input: enough to tell a square from a line, where each byte costs anything at all."""


@pytest.mark.parametrize("name", CASES)
def test_the_time_grows_with_the_size_and_no_faster(name: str) -> None:
    assert ratio_of(CASES[name], SMALL) <= BOUND


def test_a_square_is_noticed() -> None:
    """Steps for each pair of 256 bytes, say."""
    square = (lambda steps: sum(1 for _ in range(steps**2)), lambda size: size >> 8)

    assert ratio_of(square, 4 * SMALL) > BOUND
