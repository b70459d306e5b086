"""Internal errors. The traffic passes as the client sent it; each kind of error is logged once, and counted.

The text of an exception may quote a prompt or a token, so only its type and place in the code are logged.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

logger = logging.getLogger(__name__)


class InternalErrors:
    """Counts errors by kind: the hook in which they surfaced, their type, and the line that raised them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, where: str, error: Exception) -> None:
        """Count an error, and log it if it is the first of its kind."""
        kind = f"{type(error).__name__} at {_location(error)} in {where}"
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            logger.warning(
                f"Codex Continuity has a fault ({kind}). The traffic passes as the client sent it. Please report this; "
                "further faults of this kind are only counted."
            )

    @contextlib.contextmanager
    def noted(self, where: str) -> Iterator[None]:
        """Count and log an error in a block, and continue after the block."""
        try:
            yield
        except Exception as error:
            self.note(where, error)

    def lines(self) -> list[str]:
        """Return each kind of error with its count."""
        return [f"{kind}: {count}" for kind, count in self._counts.items()]

    def summary(self) -> list[str]:
        """Return a sentence for each kind of error that happened more than once."""
        return [
            f"Codex Continuity had a fault {count} times: {kind}." for kind, count in self._counts.items() if count > 1
        ]


def _location(error: Exception) -> str:
    """Return file and line of the innermost frame, without its folder."""
    trace: Any = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown line"
