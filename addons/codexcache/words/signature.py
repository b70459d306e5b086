"""A prompt's parts as a strip of glyphs, scaled to their sizes, with the place where it parts from its predecessor."""

from collections.abc import Iterator, Sequence

from .portrait import BEHIND, CHANGED, NEW, SAME

GLYPHS = {SAME: "█", CHANGED: "◆", BEHIND: "░", NEW: "▒"}
LEGEND = (
    f"{GLYPHS[SAME]} as before   {GLYPHS[CHANGED]} first difference   {GLYPHS[BEHIND]} behind it   {GLYPHS[NEW]} new"
)

type Part = tuple[str, int, str]
"""A part of a prompt: its name, its bytes, its state."""


def strip(parts: Sequence[Part], width: int) -> str:
    """Return the strip, about `width` glyphs long: each part that is there has at least one."""
    total = sum(size for _, size, _ in parts)
    drawn = zip(parts, _drawn(parts), strict=True)
    return "".join(_glyphs(state, max(1, round(size * width / total))) for (_, size, _), state in drawn if size)


def table(parts: Sequence[Part]) -> Iterator[str]:
    """Yield a line for each part: its glyph, name, size and state."""
    for (name, size, state), drawn in zip(parts, _drawn(parts), strict=True):
        yield f"{GLYPHS.get(drawn, ' ')} {name:<40} {size:>12,} bytes   {state}"


def _drawn(parts: Sequence[Part]) -> Iterator[str]:
    """Yield the states as they are drawn: what stands as before, but behind a difference, could not be read."""
    broken = False
    for _, _, state in parts:
        yield BEHIND if broken and state == SAME else state
        broken = broken or state == CHANGED


def _glyphs(state: str, count: int) -> str:
    """Return the glyphs of one part; of a part that differs, only where it begins is known to be the break."""
    if state == CHANGED:
        return GLYPHS[CHANGED] + GLYPHS[BEHIND] * (count - 1)
    return GLYPHS.get(state, "?") * count
