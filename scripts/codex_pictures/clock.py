"""A clock that stands still until it is set, in a file, so that every process that looks at it sees the same time."""

import os
from pathlib import Path

VARIABLE = "CODEX_PICTURES_CLOCK"
"""Names the file to a proxy, which then goes by this clock."""

MORNING = 1_772_530_800.0
"""2026-03-03 09:40:00 in UTC."""


class Clock:
    """Seconds since the epoch, as the file says."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def now(self) -> float:
        """Returns the time."""
        return float(self.file.read_text())

    def set(self, at: float) -> None:
        """Sets the time, in one step for whoever reads it meanwhile."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{at:.3f}")
        fresh.replace(self.file)


def environment(clock: Clock) -> dict[str, str]:
    """Returns this process's environment for one that goes by the clock."""
    return {**os.environ, VARIABLE: str(clock.file), "TZ": "UTC"}
