"""Modes side by side, in the order of how much they do, and sentences on the difference."""

from collections.abc import Mapping
from typing import NamedTuple

from ..text import counted
from .totals import Totals


class Comparison(NamedTuple):
    """The totals of each mode, and a sentence on each but the first, with which it is compared."""

    modes: tuple[tuple[str, Totals], ...]
    sentences: tuple[str, ...]


def compare(modes: Mapping[str, Totals]) -> Comparison | None:
    """Return the modes side by side, or None where there is only one."""
    if len(modes) < 2:
        return None
    base, *others = modes.items()
    return Comparison(modes=(base, *others), sentences=tuple(_difference(*base, *other) for other in others))


def _difference(base: str, base_totals: Totals, name: str, totals: Totals) -> str:
    if base_totals.warm_share is None or totals.warm_share is None:
        return f"{base} and {name} cannot be compared: one of them has no warm turn that reported token counts."
    points = (totals.warm_share - base_totals.warm_share) * 100
    read = (
        f"Warm turns read {totals.warm_share:.1%} of their input from the cache with {name} "
        f"({counted(totals.warm, 'turn')}) and {base_totals.warm_share:.1%} with {base} "
        f"({counted(base_totals.warm, 'turn')}): {abs(points):.1f} points {'more' if points >= 0 else 'less'}"
    )
    few = [mode for mode, each in ((base, base_totals), (name, totals)) if each.is_few]
    return f"{read}. From so few turns of {' and '.join(few)} that says little." if few else f"{read}."
