"""Journals: the rows of their lines, and how many lines could not be read, and why.

They are read with distrust: a line may be cut, of another version, or made up. A field that is needed to identify a
turn has to be right, or there is no row. Any other that is not right counts as absent, and an absent counter is not 0.
Text is cut, and what does not print is replaced.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from ..body.json_splice import Json, as_count
from ..output.journal import CACHED, INPUT
from ..text import printable

_LONGEST_NAME, _LONGEST_SENTENCE = 80, 400
_MOST_CHANGES = 40
_END_OF_TIME = 253_402_300_800.0
"""The year 10000, in seconds since the epoch."""

_LONGEST_LINE = 1 << 20
"""Bytes of a line; an entry has about 1,000."""

_BLANK = b"\xef\xbb\xbf \t\r\n"

CUT, STRANGE, REPEATED = "cut off or not JSON", "no entry of a journal", "repeated"
REFUSED = "on a WebSocket that was refused, which is no turn"
"""Why a line is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A turn as its entry in a journal has it. `time` is in seconds since the epoch, `duration` in seconds."""

    time: float
    run: str
    turn: int
    conversation: str
    verdict: str
    because: str
    mode: str
    client: str
    model: str
    duration: float
    input: int | None
    cached: int | None
    reusable: int | None
    predecessor: int | None
    predecessor_run: str
    changes: tuple[str, ...]
    altered: bool

    @property
    def turn_id(self) -> tuple[str, int]:
        """What identifies the turn among all others."""
        return self.run, self.turn


def read_row(entry: Json) -> Row | None:
    """Return the row of a journal's entry, or None if that does not identify a turn."""
    if not isinstance(entry, dict):
        return None
    time, turn = _time(entry.get("time")), as_count(entry.get("turn"))
    run, conversation, verdict = (_name(entry.get(name)) for name in ("run", "conversation", "verdict"))
    if time is None or turn is None or not (run and conversation and verdict):
        return None
    return Row(
        time=time,
        run=run,
        turn=turn,
        conversation=conversation,
        verdict=verdict,
        because=_text(entry.get("because"), _LONGEST_SENTENCE),
        mode=_name(entry.get("mode")) or "unknown",
        client=_name(entry.get("client")),
        model=_name(entry.get("model")),
        duration=(as_count(entry.get("duration_ms")) or 0) / 1000,
        reusable=as_count(entry.get("reusable_tokens")),
        predecessor=as_count(entry.get("predecessor")),
        predecessor_run=_name(entry.get("predecessor_run")),
        changes=_names(entry.get("changes")),
        altered=bool(_names(entry.get("changed"))),
        **_counters(entry),
    )


def _counters(entry: Mapping[str, Json]) -> dict[str, int | None]:
    """Return the tokens; what was read from the cache is part of the input."""
    given, cached = as_count(entry.get(INPUT)), as_count(entry.get(CACHED))
    return {"input": given, "cached": None if given is None or cached is None else min(cached, given)}


def _time(value: Json) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.datetime.fromisoformat(value)
        seconds = (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _END_OF_TIME else None


def _names(value: Json) -> tuple[str, ...]:
    return tuple(filter(None, map(_name, value[:_MOST_CHANGES]))) if isinstance(value, list) else ()


def _name(value: Json) -> str:
    return _text(value, _LONGEST_NAME)


def _text(value: Json, longest: int) -> str:
    return printable(value, longest) if isinstance(value, str) else ""


class ReportData:
    """Rows, each turn once; how many lines were left out, by reason; and notes that the page has to show."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.skipped: Counter[str] = Counter()
        self.notes: list[str] = []
        self._turn_ids: set[tuple[str, int]] = set()

    def add(self, entry: Json) -> None:
        """Add the row of an entry, or count why there is none."""
        row = read_row(entry)
        if isinstance(entry, dict) and entry.get("endpoint") == "handshake":
            self.skipped[REFUSED] += 1
        elif row is None:
            self.skipped[STRANGE] += 1
        elif row.turn_id in self._turn_ids:
            self.skipped[REPEATED] += 1
        else:
            self._turn_ids.add(row.turn_id)
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


def add_journal(report_data: ReportData, path: Path) -> None:
    """Add the rows of a journal. Raises OSError."""
    with path.open("rb") as file:
        report_data.add_lines(_lines(file))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of one that is too long, only the first part."""
    while line := file.readline(_LONGEST_LINE):
        yield line
        while len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            line = file.readline(_LONGEST_LINE)
