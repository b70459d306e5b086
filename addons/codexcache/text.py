"""Text made safe to show, laid out for a width, and numbers and times in words.

Text from clients and servers can hold anything: escape sequences that control a terminal, formulas that a spreadsheet
runs, megabytes. So it is escaped and cut before it is shown. Sentences are wrapped between words, lists of facts only
between facts, and the cells of a table are aligned. A width is a number of characters, each taken to be one column.
"""

import re
import textwrap
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

WIDTH = 76
"""What fits into half of mitmweb's window at 1280 pixels, and into a terminal of 80 columns."""

NARROWEST, WIDEST = 62, 88
"""The width of the popup of mitmproxy's console in a terminal of 80 columns, and the widest that is easy to read."""

_UNSEEN = re.compile(r"[^ -~]")
_FORMULA = re.compile(r"[=+@]|-.")
_NUMBER = re.compile(r"([\d,]+(%| bytes)?|n/a)?")
_FACTS = " · "
_GAP = "  "
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def ascii_only(text: str, longest: int | None = None) -> str:
    """Return the first `longest` characters of a text, each that is not visible ASCII as a question mark."""
    return _UNSEEN.sub("?", text[:longest])


def printable(text: str, longest: int) -> str:
    """Return a text cut to `longest` characters, with each control or change of direction as a question mark."""
    shown = cut(text, longest)
    if not shown.isprintable():
        shown = "".join(character if character.isprintable() else "?" for character in shown)
    return shown.strip()


def with_symbols(text: str) -> str:
    """Return a text with a symbol for each control character, and the number of any other that does not print."""
    return "".join(character if character.isprintable() else _symbol(ord(character)) for character in text)


def cell(text: str) -> str:
    """Return a text for the cell of a table, so that a spreadsheet, into which tables are copied, runs no formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _symbol(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def wrapped(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Return a text as lines; the first begins with `indent`, the others with `hanging`, by default the same."""
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
    """Return rows of equally many cells as lines with aligned columns; the first `names` rows are names, not values."""
    cells = zip(*(_aligned(column, names) for column in zip(*rows, strict=True)), strict=True)
    return [_GAP.join(row).rstrip() for row in cells]


def cut(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters, its end replaced by an ellipsis if needed."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def cut_start(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters, its start replaced by an ellipsis if needed."""
    return text if len(text) <= longest else f"…{text[1 - longest :]}"


def _aligned(column: Sequence[str], names: int) -> list[str]:
    """Return cells of one width, numbers to the right."""
    width = max(map(len, column))
    numbers = all(_NUMBER.fullmatch(cell) for cell in column[names:])
    return [cell.rjust(width) if numbers else cell.ljust(width) for cell in column]


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
    """Return a time span in minutes, or in hours from two hours on."""
    return f"{seconds / _MINUTE:.0f} minutes" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} hours"


def common_prefix_length(one: str, other: str) -> int:
    """Return how many characters two texts begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def without_credentials(text: str | None) -> str:
    """Return text in which an address shows neither credentials nor what follows its host, however it is spelled."""
    scheme, colon, rest = (text or "").partition(":")
    if not colon or not (rest.startswith("/") or "@" in rest):
        return text or ""
    host = rest.rpartition("@")[2].lstrip("/").partition("/")[0]
    return f"{scheme}://{_UNSEEN.sub('', host)}"


def share(value: float | None) -> str:
    """Return a share from 0 to 1, as in "81.0%"; what is not quite all or nothing does not read as that."""
    if value is None:
        return "n/a"
    return "99.9%" if 0.9995 <= value < 1 else "0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def span(seconds: float) -> str:
    """Return a span of time in its largest unit."""
    if seconds < 1:
        return "under 1 s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def span_to_the_second(seconds: float) -> str:
    """Return a span of time, as in "4 min 12 s", and from two hours on in its largest unit."""
    if not _MINUTE <= seconds < 2 * _HOUR:
        return span(seconds)
    whole, rest = divmod(int(seconds), _MINUTE)
    return f"{whole} min {rest} s" if rest else f"{whole} min"


def short(number: int) -> str:
    """Return a round number for an axis, as in "40k"."""
    size, unit = next((each for each in ((10**9, "G"), (10**6, "M"), (10**3, "k")) if number >= each[0]), (1, ""))
    return f"{number / size:g}{unit}"


def clock(seconds: float) -> str:
    """Return the time of day, in UTC."""
    return time.strftime("%H:%M", time.gmtime(seconds))


def clock_to_the_second(seconds: float) -> str:
    """Return the time of day to the second, in UTC."""
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def local_clock(seconds: float) -> str:
    """Return the local time of day to the second, "n/a" for a time that the system's calendar does not reach."""
    try:
        return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "n/a"


def day(seconds: float) -> str:
    """Return the day, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def period(start: float, end: float) -> str:
    """Return from when to when, in UTC."""
    until = clock(end) if day(start) == day(end) else f"{day(end)} {clock(end)}"
    return f"{day(start)} {clock(start)} to {until} UTC"
