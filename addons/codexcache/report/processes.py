"""Long journals, added up by as many processes as there are processors, a part of the file each.

What they come to is put together in the order of the parts. Where a turn is in two parts, as when a journal is given
twice, the second part is read once more by itself, so that it counts once.
"""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path

from .aggregate import ReportData
from .load import journal_lines

_PART = 16 << 20
"""Bytes of a part, some 20,000 turns; a shorter file is not worth the start of a process."""

_LONGEST = 1 << 20
"""Bytes of a line that are looked through for its end."""

type Part = tuple[Path, int, int | None]


def add_journal(report_data: ReportData, path: Path, size: int = _PART) -> None:
    """Add the turns of a journal, in parts of this many bytes. Raises OSError."""
    parts: list[Part] = [(path, *part) for part in pairwise(_cuts(path, size))]
    processors = os.cpu_count() or 1
    if len(parts) < 2 or processors < 2:
        for part in parts or [(path, 0, None)]:
            report_data.add_source(partial(journal_lines, *part))
        return
    with ProcessPoolExecutor(min(processors, len(parts))) as pool:
        for part, added_up in zip(parts, pool.map(_add_up, parts), strict=True):
            if not report_data.merge(added_up):
                report_data.add_source(partial(journal_lines, *part))


def _add_up(part: Part) -> ReportData:
    report_data = ReportData()
    report_data.add_source(partial(journal_lines, *part))
    return report_data


def _cuts(path: Path, size: int) -> Iterator[int]:
    """Yield where the parts of a file begin, each at a line, and where the last one ends; of a pipe nothing."""
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            return
        at = 0
        while at < state.st_size:
            yield at
            file.seek(at + size)
            file.readline(_LONGEST)
            at = max(file.tell(), at + size)
        yield state.st_size
