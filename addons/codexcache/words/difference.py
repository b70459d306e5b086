"""The first difference between two prompts as lines of text: where it is, of what kind, and both sides of it."""

from collections.abc import Iterator

from .excerpt import Excerpt
from .layout import cut, cut_before, wrapped

_LABEL = 9
"""Columns of what stands before an excerpt."""


def difference_lines(looked_up: Excerpt | str | None, width: int) -> Iterator[str]:
    """Yield lines of at most `width` characters that show a difference, or say why it cannot be shown."""
    if isinstance(looked_up, str):
        yield from wrapped(f"First difference: {looked_up}", width)
    elif looked_up:
        yield from _headline(looked_up, width)
        yield f"  both   {cut_before(looked_up.before, width - _LABEL)}"
        yield f"  was  ▸ {cut(looked_up.was, width - _LABEL)}"
        yield f"  now  ▸ {cut(looked_up.now, width - _LABEL)}"


def _headline(excerpt: Excerpt, width: int) -> list[str]:
    """Return place and kind in one line; where there is no room for both, one below the other."""
    place = f"First difference in {excerpt.place}," if excerpt.place else "First difference,"
    kind = f"from character {excerpt.offset:,} on: {excerpt.kind}"
    both = f"{place} {kind}"
    return [both] if len(both) <= width else [*wrapped(place, width), *wrapped(kind, width, "  ")]
