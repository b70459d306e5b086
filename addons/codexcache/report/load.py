"""Whole journals: the rows of their lines, and how many lines could not be read, and why."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from ..body.json_splice import Json, is_count
from ..text import printable

# One line of a journal, read with distrust: it may be cut, of another version, or somebody's joke.
#
# A field that is needed to place a turn has to be right, or there is no row. Any other that is not right counts as
# absent, and an absent counter is not 0. Text is cut, and rid of what does not print.

_LONGEST_NAME, _LONGEST_SENTENCE = 80, 400
_MOST_CHANGES = 40
_END_OF_TIME = 253_402_300_800.0
"""The year 10000, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A turn as the journal tells of it. `time` is in seconds since the epoch, `duration` in seconds."""

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
    changes: tuple[str, ...]
    altered: bool

    @property
    def place(self) -> tuple[str, int]:
        """What tells the turn from all others."""
        return self.run, self.turn


def read_row(entry: Json) -> Row | None:
    """Return the row of a journal's entry, or None for what cannot be placed."""
    if not isinstance(entry, dict):
        return None
    time, turn = _time(entry.get("time")), _count(entry.get("turn"))
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
        duration=(_count(entry.get("duration_ms")) or 0) / 1000,
        reusable=_count(entry.get("reusable_tokens")),
        predecessor=_count(entry.get("predecessor")),
        changes=_names(entry.get("changes")),
        altered=bool(_names(entry.get("changed"))),
        **_counters(entry),
    )


def _counters(entry: Mapping[str, Json]) -> dict[str, int | None]:
    """Return the tokens; what was read from the cache is part of the input."""
    given, cached = _count(entry.get("gen_ai.usage.input_tokens")), _count(entry.get(_CACHED))
    return {
        "input": given,
        "cached": None if given is None or cached is None else min(cached, given),
    }


_CACHED = "gen_ai.usage.cache_read.input_tokens"


def _time(value: Json) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.datetime.fromisoformat(value)
        seconds = (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _END_OF_TIME else None


def _count(value: Json) -> int | None:
    return value if is_count(value) else None


def _names(value: Json) -> tuple[str, ...]:
    return tuple(filter(None, map(_name, value[:_MOST_CHANGES]))) if isinstance(value, list) else ()


def _name(value: Json) -> str:
    return _text(value, _LONGEST_NAME)


def _text(value: Json, longest: int) -> str:
    return printable(value, longest) if isinstance(value, str) else ""


CUT, STRANGE, REPEATED = "cut off or not JSON", "no entry of a journal", "told before"
"""Why a line is left out."""

_LONGEST = 1 << 20
"""Bytes of a line; an entry has about 1,000."""

_BLANK = b"\xef\xbb\xbf \t\r\n"


class ReportData:
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


def add_journal(report_data: ReportData, path: Path) -> None:
    """Add the rows of a journal. Raises OSError."""
    with path.open("rb") as file:
        report_data.add_lines(_lines(file))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines, of one that is too long its first part alone."""
    while line := file.readline(_LONGEST):
        yield line
        while len(line) == _LONGEST and not line.endswith(b"\n"):
            line = file.readline(_LONGEST)
