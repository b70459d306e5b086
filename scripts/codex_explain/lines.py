"""The lines of a rollout that say something of a turn.

Most of a log are events for Codex's own window, which repeat what items say. They are recognized by how their line
begins, and not parsed. A file is read in pieces and opened for each of them, so that any number of files can be read at
once. It counts up to the first line that is damaged or not whole.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from codexcache.wire.content_encoding import DECODE_ERRORS, Zstandard

_PIECE = 1 << 18
_LONGEST = 256 << 20
"""Bytes of a line: a compacted history can have some megabytes."""

_START = re.compile(
    rb'\{"timestamp":"([0-9T:.-]{19,29}Z)",(?:"ordinal":(\d{1,15}),)?"type":"([a-z_]{1,60})","payload":\{(?:"type":"([a-z_]{1,60}))?'
)
_TYPES = frozenset({b"session_meta", b"turn_context", b"response_item", b"compacted", b"token_usage_record"})
_EVENTS = frozenset(
    {
        *(b"token_count", b"user_message", b"task_started", b"turn_started"),
        *(b"thread_rolled_back", b"thread_settings_applied"),
    }
)

type Told = Callable[[int], None]
"""Is told how many bytes of a file were read."""


class Line(NamedTuple):
    """A line: its time in seconds since the epoch, its place in the thread if it is numbered, its type and content."""

    at: float
    ordinal: int | None
    type: str
    payload: dict[str, Any]


class Damaged(Exception):
    """A line of a rollout is damaged, or not whole."""


def read_lines(path: Path, told: Told = lambda size: None) -> Iterator[Line]:
    """Yield the lines that say something of a turn. Raises Damaged, and OSError."""
    for line in _whole_lines(path, told):
        if (read := _read(line)) is not None:
            yield read


def first_time(path: Path) -> float | None:
    """Return the time of a rollout's first line, None where that line is not to be read. Raises OSError."""
    try:
        found = next((_START.match(piece) for piece in _pieces(path, lambda size: None)), None)
        return _time(found[1]) if found else None
    except (Damaged, ValueError):
        return None


def _read(line: bytes) -> Line | None:
    """Return a line, None for one that says nothing of a turn. Raises Damaged."""
    start = _START.match(line)
    if start and start[3] not in _TYPES and start[4] not in _EVENTS:
        return None
    try:
        entry = orjson.loads(line)
        at, payload = _time(str(entry["timestamp"]).encode()), entry["payload"]
        kind = payload.get("type") if entry["type"] == "event_msg" else entry["type"]
        ordinal = entry.get("ordinal")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise Damaged from None
    if not isinstance(payload, dict):
        raise Damaged
    return Line(at, ordinal if isinstance(ordinal, int) else None, str(kind), payload)


def _time(text: bytes) -> float:
    """Return a time in seconds since the epoch. Raises ValueError."""
    return datetime.datetime.fromisoformat(text.decode("ascii", "replace")).timestamp()


def _whole_lines(path: Path, told: Told) -> Iterator[bytes]:
    """Yield lines that are not blank. Raises Damaged where the last one is not whole."""
    rest: list[bytes] = []
    size = 0
    for piece in _pieces(path, told):
        first, *others = piece.split(b"\n")
        rest.append(first)
        size += len(first)
        if size > _LONGEST:
            raise Damaged
        if others:
            yield from filter(None, (b"".join(rest), *others[:-1]))
            rest, size = [others[-1]], len(others[-1])
    if last := b"".join(rest).strip():
        yield last


def _pieces(path: Path, told: Told) -> Iterator[bytes]:
    """Yield the pieces of a file. Raises Damaged where it cannot be decompressed, and OSError."""
    decoder, at = Zstandard() if path.suffix == ".zst" else None, 0
    while encoded := _piece_at(path, at):
        at += len(encoded)
        told(len(encoded))
        if decoder is None:
            yield encoded
            continue
        try:
            yield from decoder(encoded)
        except DECODE_ERRORS:
            raise Damaged from None


def _piece_at(path: Path, at: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(at)
        return file.read(_PIECE)
