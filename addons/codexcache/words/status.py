"""The state of the addon, as a page of text: how it is set, what it has seen and learned, what is wrong."""

from collections.abc import Iterable, Iterator, Mapping

from ..settings import OPTIONS

_WIDTH = 12


def status_page(headline: str, rows: Mapping[str, Iterable[str]]) -> str:
    """Return a headline, and below it each name with what belongs to it."""
    return "\n".join([headline, *(line for name, lines in rows.items() for line in _row(name, lines))])


def changed_options(options: Mapping[str, str | None]) -> list[str]:
    """Return the options that are not as by default."""
    return [f"{name}={value}" for name, value in options.items() if value != OPTIONS[name][0]]


def _row(name: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a name with the first line, and the others below that."""
    for number, line in enumerate(list(lines) or ["none"]):
        yield f"{'' if number else name:<{_WIDTH}}{line}"
