"""A value is given its fields by name, once, and shows nothing of them."""

from typing import cast

import pytest
from codexcache.static_frozen import static_frozen


@static_frozen
class Point:
    x: int
    y: int = 0


def test_values_with_the_same_fields_are_equal_and_show_nothing_of_them() -> None:
    """They may be secrets."""
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    assert "a secret" not in repr(Point(x=cast(int, "a secret")))


def test_fields_are_given_by_name_and_there_are_no_others() -> None:
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Point(x=1).z = 2  # type: ignore[attr-defined]
