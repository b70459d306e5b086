"""Whole journals: the rows of their lines, and how many lines could not be read, and why."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import orjson

from ..wire.document import Json
from .rows import Row, read_row

CUT, STRANGE, REPEATED = "cut off or not JSON", "no entry of a journal", "told before"
"""Why a line is left out."""

_LONGEST = 1 << 20
"""Bytes of a line; an entry has about 1,000."""

_BLANK = b"\xef\xbb\xbf \t\r\n"


class Gathered:
    """Rows, each turn once; what was left out, by reason; and sentences on what the reader of a page has to know."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.skipped: Counter[str] = Counter()
        self.notes: list[str] = []
        self._places: set[tuple[str, int]] = set()

    def add(self, entry: Json) -> None:
        """Add the row of an entry, or count why there is none."""
        row = read_row(entry)
        if row is None:
            self.skipped[STRANGE] += 1
        elif row.place in self._places:
            self.skipped[REPEATED] += 1
        else:
            self._places.add(row.place)
            self.rows.append(row)

    def add_lines(self, lines: Iterable[bytes]) -> None:
        """Add the rows of a journal's lines."""
        for line in (line.strip(_BLANK) for line in lines):
            if not line:
                continue
            try:
                self.add(orjson.loads(line))
            except orjson.JSONDecodeError:
                self.skipped[CUT] += 1


def add_journal(gathered: Gathered, path: Path) -> None:
    """Add the rows of a journal. Raises OSError."""
    with path.open("rb") as file:
        gathered.add_lines(_lines(file))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, of one that is too long its first part alone."""
    while line := file.readline(_LONGEST):
        yield line
        while len(line) == _LONGEST and not line.endswith(b"\n"):
            line = file.readline(_LONGEST)
