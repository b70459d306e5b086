"""Text laid out for a width: sentences wrapped between words, facts never inside one, cells of a table in line.

A width is a number of characters, which are taken to be one column each.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ..visible import with_symbols

WIDTH = 76
"""What fits into the half of mitmweb's window at 1280 pixels, and into a terminal of 80 columns."""

NARROWEST, WIDEST = 62, 88
"""What the popup of mitmproxy's console has in a terminal of 80 columns; what can still be read with ease."""

_FACTS = " · "
_GAP = "  "
_NUMBER = re.compile(r"([\d,]+(%| bytes)?|n/a)?")


def wrapped(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Return a text in lines; `hanging` stands before all but the first, the same as before the first by default."""
    after = indent if hanging is None else hanging
    return textwrap.wrap(
        with_symbols(text), width, initial_indent=indent, subsequent_indent=after, break_on_hyphens=False
    )


def facts(parts: Iterable[str], width: int, between: str = _FACTS) -> Iterator[str]:
    """Yield lines of facts, none of which is broken; one that is too long for a line is cut."""
    line = ""
    for part in map(with_symbols, parts):
        if line and len(line) + len(between) + len(part) > width:
            yield line
            line = ""
        line = cut(f"{line}{between}{part}" if line else part, width)
    if line:
        yield line


def columns(rows: Sequence[Sequence[str]], names: int = 0) -> list[str]:
    """Return rows of equally many cells as lines, cells in line; the first so many rows are names, not values."""
    cells = zip(*(_in_line(column, names) for column in zip(*rows, strict=True)), strict=True)
    return [_GAP.join(row).rstrip() for row in cells]


def cut(text: str, longest: int) -> str:
    """Return a text, its end replaced by an ellipsis where it is too long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def cut_before(text: str, longest: int) -> str:
    """Return a text, its beginning replaced by an ellipsis where it is too long."""
    return text if len(text) <= longest else f"…{text[1 - longest :]}"


def _in_line(column: Sequence[str], names: int) -> list[str]:
    """Return cells of one width, numbers to the right."""
    width = max(map(len, column))
    numbers = all(_NUMBER.fullmatch(cell) for cell in column[names:])
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in column]
