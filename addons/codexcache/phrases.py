"""Numbers in words, as they stand in sentences and tables."""

_MINUTE, _HOUR = 60, 3600


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 turn" and "2,000 turns"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def minutes(seconds: float) -> str:
    """Return a span of time that is no matter of seconds, in minutes or hours."""
    return f"{seconds / _MINUTE:.0f} minutes" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.0f} hours"
