"""Faults of ours. The traffic passes as the client sent it; each kind of fault is said once, and counted.

What an exception says may quote a prompt or a token, so only its type and place are logged.
"""

import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

logger = logging.getLogger(__name__)


class InternalErrors:
    """Counts faults by kind: where they surfaced, their type, and the line that raised them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, where: str, error: Exception) -> None:
        """Count a fault, and say so if it is the first of its kind."""
        kind = f"{type(error).__name__} at {_place(error)} in {where}"
        self._counts[kind] += 1
        if self._counts[kind] == 1:
            logger.warning(
                f"Codex Continuity has a fault ({kind}). The traffic passes as the client sent it. Please report this; "
                "further faults of this kind are only counted."
            )

    @contextlib.contextmanager
    def noted(self, where: str) -> Iterator[None]:
        """Note what fails in a block, and go on behind it."""
        try:
            yield
        except Exception as error:
            self.note(where, error)

    def lines(self) -> list[str]:
        """Return each kind of fault with its count."""
        return [f"{kind}: {count}" for kind, count in self._counts.items()]

    def summary(self) -> list[str]:
        """Return a sentence for each kind of fault that happened more than once."""
        return [
            f"Codex Continuity had a fault {count} times: {kind}." for kind, count in self._counts.items() if count > 1
        ]


def _place(error: Exception) -> str:
    """Return file and line of the innermost frame, without its folder."""
    trace: Any = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"
