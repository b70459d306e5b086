"""The state of the addon, as a page of text: how it is set, what it has seen and learned, what is wrong."""

from collections.abc import Iterable, Iterator, Mapping

from ..settings import OPTIONS
from .layout import WIDTH, wrapped

_NAMES = 10
"""Columns of the names."""


def status_page(headline: str, rows: Mapping[str, Iterable[str]], width: int = WIDTH) -> str:
    """Return a headline, and below it each name with what belongs to it, in lines of at most `width` characters."""
    return "\n".join([headline, *(line for name, lines in rows.items() for line in _row(name, lines, width))])


def changed_options(options: Mapping[str, str | None]) -> list[str]:
    """Return the options that are not as by default."""
    return [f"{name}={value}" for name, value in options.items() if value != OPTIONS[name][0]]


def _row(name: str, lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield a name with the first line, and the others below that."""
    for number, line in enumerate(list(lines) or ["none"]):
        shown = "" if number else name
        yield from wrapped(line, width, f"{shown:<{_NAMES}}", " " * _NAMES)
