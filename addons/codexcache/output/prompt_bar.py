"""A prompt's parts as a bar of glyphs, scaled to their sizes, with the first difference from its predecessor marked."""

from collections.abc import Iterator, Sequence

from ..text import columns, cut, facts
from .turn_summary import BEHIND, CHANGED, NEW, SAME

GLYPHS = {SAME: "█", CHANGED: "◆", BEHIND: "░", NEW: "▒"}
LABELS = {SAME: "as before", CHANGED: "first difference", BEHIND: "behind it", NEW: "new"}
"""What each glyph means, in the legend and in the table."""

_LONGEST = max(map(len, LABELS.values()))
_BETWEEN = 6
"""Columns of a line of the table that are no name, size or word: a glyph, and gaps."""

type PromptPart = tuple[str, int, str]
"""A part of a prompt: its name, its bytes, its state."""


def bar_lines(parts: Sequence[PromptPart], width: int) -> Iterator[str]:
    """Yield the bar, its legend and its table, indented, in lines of at most `width` characters."""
    yield f"  {bar(parts, width - 2)}"
    yield from (f"  {line}" for line in (*legend(width - 2), *table(parts, width - 2)))


def legend(width: int) -> Iterator[str]:
    """Yield what the glyphs mean."""
    return facts((f"{GLYPHS[state]} {LABELS[state]}" for state in GLYPHS), width, "   ")


def bar(parts: Sequence[PromptPart], width: int) -> str:
    """Return the bar, `width` glyphs long: each part that is not empty has at least one, as far as `width` allows."""
    shown = [(size, state) for _, size, state in _as_shown(parts) if size or state == CHANGED]
    lengths = _lengths([size for size, _ in shown], width)
    return "".join(_glyphs(state, length) for (_, state), length in zip(shown, lengths, strict=True))[:width]


def table(parts: Sequence[PromptPart], width: int) -> list[str]:
    """Return a line for each part: its glyph, name and size, and in the legend's words what the bar shows."""
    shown = list(_as_shown(parts))
    sizes = [f"{size:,} bytes" for _, size, _ in shown]
    labels = [LABELS.get(state, cut(state, _LONGEST)) for _, _, state in shown]
    longest = max(1, width - _BETWEEN - max(map(len, sizes)) - max(map(len, labels)))
    names = [f"{GLYPHS.get(state, '?')} {cut(name, longest)}" for name, _, state in shown]
    return columns(list(zip(names, sizes, labels, strict=True)))


def _as_shown(parts: Sequence[PromptPart]) -> Iterator[PromptPart]:
    """Yield the parts in the states that are shown: what follows the first difference was not read, equal or not."""
    broken = False
    for name, size, state in parts:
        yield name, size, BEHIND if broken and state in (SAME, CHANGED) else state
        broken = broken or state == CHANGED


def _lengths(sizes: Sequence[int], width: int) -> list[int]:
    """Return how many glyphs each part has; the largest has more or fewer, so that all have `width`."""
    total = sum(sizes) or 1
    lengths = [max(1, round(size * width / total)) for size in sizes]
    if lengths:
        lengths[lengths.index(max(lengths))] += width - sum(lengths)
    return lengths


def _glyphs(state: str, count: int) -> str:
    """Return the glyphs of one part; of one that differs, only the first marks the difference."""
    if state == CHANGED:
        return GLYPHS[CHANGED] + GLYPHS[BEHIND] * (count - 1)
    return GLYPHS.get(state, "?") * count
