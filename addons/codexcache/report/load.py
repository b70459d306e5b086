"""Journals: the rows of their lines, read with distrust.

A line may be cut, of another version, or made up. A field that is needed to identify a turn has to be right, or there
is no row. Any other that is not right counts as absent, and an absent counter is not 0. Text is cut, and what does not
print is replaced.

A journal can have millions of lines, so what is counted of each turn (`Row`) is apart from what is shown of those few
that are drawn (`Details`), and names, which come again and again, are made safe once.
"""

import datetime
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson

from ..body.json_splice import Json, Object, as_count, as_list
from ..output.counter_names import CACHED, INPUT
from ..text import printable
from ..verdicts import MISSES, verdict_entry

_LONGEST_NAME, _LONGEST_SENTENCE = 80, 400
_MOST_CHANGES = 40
_NAMES_KEPT = 4_096

_END_OF_TIME = 253_402_300_800.0
"""The year 10000, in seconds since the epoch."""

_LONGEST_LINE = 1 << 20
"""Bytes of a line; an entry has about 1,000."""

_CAPTURE = re.compile(rb'[0-9]|(?:\xef\xbb\xbf)?\{\s*"log"\s*:')
"""How a capture begins: mitmproxy's own format with a length, a HAR with its only member, perhaps behind a mark."""

_BETWEEN = b",null,"
"""What is put between the lines that are parsed together."""

_TOO_LONG = b"\0"
"""What stands for the first part of a line that is too long."""

_CHUNK = 1 << 17
"""Bytes that are read at a time: some hundred lines, so that neither they nor what they say takes much memory."""

_BLANK = b"\xef\xbb\xbf \t\r\n"

AVOIDABLE, EXPECTED, OUTSIDE = "avoidable", "expected", "outside"
BLAMES = (AVOIDABLE, EXPECTED, OUTSIDE)

type Batch = bytes
"""Some lines of a journal, all of them whole, without the end of the last one."""

type Kind = tuple[str, str, str, bool, bool]


class Row(NamedTuple):
    """What is counted of a turn. `time` is in seconds since the epoch; `resent` are tokens, `blame` why they were.

    An older journal does not say what was re-sent: `is_estimate` is True where that was worked out here instead. A turn
    is `warm` if an earlier one of its conversation is known, and `altered` if the addon changed it on the way.
    """

    time: float
    run: str
    turn: int
    conversation: str
    model: str
    input: int | None
    cached: int | None
    resent: int
    is_estimate: bool
    client: str
    mode: str
    verdict: str
    blame: str
    warm: bool
    altered: bool

    @property
    def kind(self) -> Kind:
        """What it has in common with many other turns: mode, verdict, blame, and whether it is warm and altered."""
        return self[10:]

    @property
    def turn_id(self) -> tuple[str, int]:
        """What identifies the turn among all others."""
        return self.run, self.turn


class Details(NamedTuple):
    """What is shown of a turn that is drawn, besides its row. `duration` is in seconds."""

    because: str
    changes: tuple[str, ...]
    duration: float


class _SafeNames(dict[Json, str]):
    """Names as they are shown, by how they stand in the journal; the latest ones are kept."""

    def __missing__(self, value: Json) -> str:
        if len(self) >= _NAMES_KEPT:
            self.clear()
        self[value] = name = _text(value, _LONGEST_NAME)
        return name


SAFE_NAMES = _SafeNames()
_NAMED = ("run", "conversation", "verdict", "mode", "client", "model", "blame")


def read_row(entry: Json) -> Row | None:
    """Return the row of a journal's entry, or None if that does not identify a turn."""
    if not isinstance(entry, dict):
        return None
    try:
        return _row(entry)
    except TypeError:  # a list or an object stands where a name should
        return _row({**entry, **{name: None for name in _NAMED if not isinstance(entry.get(name), str)}})


def is_warm_up(entry: Object) -> bool:
    """Return True for a request that was sent ahead to fill the cache, which is no turn."""
    return entry.get("warm_up") is True


def read_details(entry: Object) -> Details:
    """Return what is shown of a turn that is drawn."""
    changes = as_list(entry.get("changes"))[:_MOST_CHANGES]
    return Details(
        because=_text(entry.get("because"), _LONGEST_SENTENCE),
        changes=tuple(filter(None, (_text(name, _LONGEST_NAME) for name in changes))),
        duration=(as_count(entry.get("duration_ms")) or 0) / 1000,
    )


def _row(entry: Object) -> Row | None:
    """Return the row of an entry; its fields are given by position, which takes half the time."""
    get, names = entry.get, SAFE_NAMES
    time, turn, run = _time(get("time")), as_count(get("turn")), names[get("run")]
    conversation, verdict = names[get("conversation")], names[get("verdict")]
    if time is None or turn is None or not (run and conversation and verdict):
        return None
    given, cached = as_count(get(INPUT)), as_count(get(CACHED))
    cached = None if given is None or cached is None else min(cached, given)  # what was read is part of the input
    told, reusable = as_count(get("resent_tokens")), get("reusable_tokens")
    resent = _resent(verdict, given, cached, told, as_count(reusable))
    return Row(
        time,
        run,
        turn,
        conversation,
        names[get("model")],
        given,
        cached,
        resent,
        told is None and resent > 0,
        names[get("client")],
        names[get("mode")] or "unknown",
        verdict,
        _blame(names[get("blame")], verdict) if resent or verdict in MISSES else "",
        type(get("predecessor")) is int,
        bool(as_list(get("changed"))),
    )


def _resent(verdict: str, given: int | None, cached: int | None, told: int | None, reusable: int | None) -> int:
    """Return the tokens that were sent before and not read: what the journal says, else what was reusable."""
    if given is None or cached is None:
        return 0
    if told is None:
        told = (reusable or 0) - cached if verdict in MISSES else 0
    return max(0, min(told, given - cached))


def _blame(told: str, verdict: str) -> str:
    """Return the blame that the journal tells, else the usual one; what only a newer version knows is outside."""
    return told if told in BLAMES else verdict_entry(verdict).blame or OUTSIDE


def _time(value: Json) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.datetime.fromisoformat(value)
        seconds = (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _END_OF_TIME else None


def _text(value: Json, longest: int) -> str:
    return printable(value, longest) if isinstance(value, str) else ""


def entries(batch: Batch) -> Sequence[Json | bytes]:
    """Return what each line says that is not blank, or the line itself where it is not JSON."""
    with suppress(orjson.JSONDecodeError):
        found: list[Json] = orjson.loads(b"[%b]" % batch.replace(b"\n", _BETWEEN))
        if found[1::2] == [None] * batch.count(b"\n"):  # else a line holds two values, or two lines hold one
            return found[::2]
    return [_entry(line) for each in batch.split(b"\n") if (line := each.strip(_BLANK))]


def _entry(line: bytes) -> Json | bytes:
    with suppress(orjson.JSONDecodeError):
        entry: Json = orjson.loads(line)
        return entry
    return line


def is_capture(path: Path) -> bool:
    """Return True if a file looks like a capture of mitmproxy's or a HAR. Raises OSError."""
    with path.open("rb") as file:
        return _CAPTURE.match(file.read(256)) is not None


def journal_lines(path: Path, start: int = 0, end: int | None = None) -> Iterator[Batch]:
    """Yield the lines of a journal in batches, of the bytes from `start` to `end` if they are given. Raises OSError.

    A line that is too long is no JSON any more.
    """
    with path.open("rb", buffering=0) as file:
        rest, left = b"", (sys.maxsize if end is None else end) - start
        if start:
            file.seek(start)
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            lines, end_of_line, more = chunk.rpartition(b"\n")
            if end_of_line:
                yield rest + lines
                rest = more
            else:
                rest = rest + more if len(rest) <= _LONGEST_LINE else _TOO_LONG
        yield rest
