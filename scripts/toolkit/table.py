"""Rows of cells as lines of text."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows of equally many cells as lines; so many columns stand to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [row(cells, widths, left) for cells in rows]


def row(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    """Return one row, for a table that is printed while it grows; a cell that is too long pushes the others on."""
    sides = ["<"] * left + [">"] * (len(cells) - left)
    return "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(cells, sides, widths, strict=True)).rstrip()
