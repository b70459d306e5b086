"""Shares, spans and times, as the page shows them; times are UTC."""

import datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def share(value: float | None) -> str:
    """Return a share in per cent; what is not quite all does not read as all."""
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


def short(number: int) -> str:
    """Return a round number for an axis, as in "40k"."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:g}{unit}"
    return str(number)


def clock(seconds: float) -> str:
    """Return the time of day."""
    return f"{_moment(seconds):%H:%M}"


def clock_to_the_second(seconds: float) -> str:
    """Return the time of day to the second."""
    return f"{_moment(seconds):%H:%M:%S}"


def day(seconds: float) -> str:
    """Return the day."""
    return f"{_moment(seconds):%Y-%m-%d}"


def period(start: float, end: float) -> str:
    """Return from when to when."""
    until = clock(end) if day(start) == day(end) else f"{day(end)} {clock(end)}"
    return f"{day(start)} {clock(start)} to {until} UTC"


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
