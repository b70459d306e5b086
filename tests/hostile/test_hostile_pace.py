"""The time that a hostile input takes grows with its size and no faster: four times the size, about four times."""

import pytest
from codex_fuzz.families import Family, families
from codex_fuzz.pace import BOUND, pace_of

SMALL = 16 << 10
"""Bytes of the smaller input: enough to tell a square from a line, where each byte costs anything at all."""


@pytest.mark.parametrize("family", families(), ids=lambda family: f"{family.parser}: {family.name}")
def test_the_time_grows_with_the_size_and_no_faster(family: Family) -> None:
    assert pace_of(family, SMALL).ratio <= BOUND


def test_a_square_is_noticed() -> None:
    """Steps for each pair of 256 bytes, say."""
    square = Family("nobody", "pairs", lambda size: lambda: sum(1 for _ in range((size >> 8) ** 2)))

    assert pace_of(square, 4 * SMALL).ratio > BOUND
