"""A stranger's words, made harmless before they are shown: they cannot steer a terminal, and are not too long."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

_UNSEEN = re.compile(r"[^ -~]")
_FORMULA = re.compile(r"[=+@]|-.")


def ascii_only(text: str, longest: int | None = None) -> str:
    """Return the first `longest` characters of a text, each that is not visible ASCII as a question mark."""
    return _UNSEEN.sub("?", text[:longest])


def printable(text: str, longest: int) -> str:
    """Return text that can only be read: a control or a change of direction in it becomes a question mark."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(character if character.isprintable() else "?" for character in cut).strip()


def with_symbols(text: str) -> str:
    """Return text of which all can be seen: control characters have symbols, others that do not print their number."""
    return "".join(character if character.isprintable() else _symbol(ord(character)) for character in text)


def cell(text: str) -> str:
    """Return text for a cell of a table: a spreadsheet, into which tables are copied, must not run it as a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _symbol(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


# Text laid out for a width: sentences wrapped between words, facts never inside one, cells of a table in line.
#
# A width is a number of characters, which are taken to be one column each.

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


# Numbers in words, as they stand in sentences and tables.

_MINUTE, _HOUR = 60, 3600


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 turn" and "2,000 turns"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def number(value: int | None) -> str:
    """Return a counter, as in "2,000"; one that is not known is not 0."""
    return "n/a" if value is None else f"{value:,}"


def percent(share: float | None) -> str:
    """Return a share from 0 to 1, as in "81%"."""
    return "n/a" if share is None else f"{share:.0%}"


def minutes(seconds: float) -> str:
    """Return a span of time that is no matter of seconds, in minutes or hours."""
    return f"{seconds / _MINUTE:.0f} minutes" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} hours"
