"""An event stream, cut into events as its bytes arrive (WHATWG HTML, server-sent events).

Chunks end anywhere: within an event, a character, a line end. Lines may end in LF, CR or CR LF. One event may be
long, so the bytes that were searched are not searched again, and an event beyond the limit is passed over, not kept.

Nearly all events are of no interest, and nearly all chunks are whole events. So what is wanted is searched for in what
has come, and only the events in which it stands are cut out.
"""

import re
from collections.abc import Iterator

EVENT_LIMIT = 32 << 20
"""Bytes of one event that are read. The last event repeats the whole response, usually well under 1 MB."""

_ANY_DATA = re.compile(rb"^data", re.MULTILINE)
_DATA_LINE = re.compile(rb"^data(?::[ ]?([^\n]*))?$", re.MULTILINE)
_NAMED, _DATA = b"event: ", b"data: "
BLANK_LINE = b"\n\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventStream:
    """Finds the complete events in whose text `wanted` is found, by default all that have data."""

    def __init__(self, wanted: re.Pattern[bytes] = _ANY_DATA, limit: int = EVENT_LIMIT) -> None:
        self._wanted = wanted
        self._limit = limit
        self._open = bytearray()  # an event that is not complete yet
        self._mark = _BYTE_ORDER_MARK  # what the stream may begin with
        self._is_too_long = False
        self._ended_in_cr = False

    @property
    def is_between(self) -> bool:
        """Whether what comes next begins a new event. Then a chunk of whole events, in LF, can be passed over.

        That is, if `wanted` is not found in it.
        """
        return not (self._open or self._mark or self._ended_in_cr)

    @property
    def held(self) -> int:
        """Bytes that are kept of an event that is not complete yet."""
        return len(self._open)

    def alone(self, chunk: bytes) -> bytes | None:
        """Return the data of a chunk that is one whole event with a name, as nearly all are; any other is to be fed."""
        start = chunk.find(b"\n") + 1
        if not chunk.startswith(_NAMED) or not chunk.startswith(_DATA, start) or self._open or self._ended_in_cr:
            return None
        if not chunk.endswith(BLANK_LINE) or chunk.find(b"\n", start) != len(chunk) - 2 or chunk.find(b"\r") >= 0:
            return None
        self._mark = b""
        return chunk[start + len(_DATA) : -len(BLANK_LINE)]

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes of the stream; yield the data of each wanted event that they complete, joined by LF."""
        if self._mark and chunk and not self._open and not chunk.startswith(_BYTE_ORDER_MARK[:1]):
            self._mark = b""
        if chunk.endswith(BLANK_LINE) and self.is_between and chunk.find(b"\r") < 0:  # as nearly always
            return self._whole(chunk, 0, len(chunk))
        return self._feed(chunk)

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        text = self._with_line_feeds(chunk) if chunk.find(b"\r") >= 0 or self._ended_in_cr else chunk
        start = _behind_blank_line(self._open, text) if self._open or self._mark else 0
        if start:
            yield from self._close(text[:start])
        if not self._open and not self._mark:
            end = _behind_last_blank_line(text, start, len(text))
            yield from self._whole(text, start, end)
            start = end
        self._keep(text[start:])

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Return a chunk whose lines end in LF; what follows on a CR at the end of the last one may belong to it."""
        text = chunk[1:] if self._ended_in_cr and chunk.startswith(b"\n") else chunk
        self._ended_in_cr = chunk.endswith(b"\r") if chunk else self._ended_in_cr
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _close(self, text: bytes) -> Iterator[bytes]:
        """Yield the data of the open event, of which `text` is the end, if it is wanted."""
        event = bytes(self._open + text).removesuffix(BLANK_LINE)
        if not self._is_too_long and len(event) <= self._limit:
            yield from self._whole(event.removeprefix(self._mark), 0, len(event))
        self._open.clear()
        self._mark, self._is_too_long = b"", False

    def _whole(self, text: bytes, start: int, end: int) -> Iterator[bytes]:
        """Yield the data of the wanted ones among the whole events between two offsets."""
        while found := self._wanted.search(text, start, end):
            first = _behind_last_blank_line(text, start, found.start())
            last = text.find(BLANK_LINE, found.start())
            last = end if last < 0 else last
            if last - first <= self._limit and (data := _data_of(text[first:last])) is not None:
                yield data
            start = last + len(BLANK_LINE)

    def _keep(self, text: bytes) -> None:
        """Keep the start of an event; of one that has grown too long, no more than its end can stand in."""
        self._open += text
        if len(self._open) > self._limit + 1:
            self._is_too_long = True
            del self._open[:-1]


def _data_of(event: bytes) -> bytes | None:
    """Return the data of one event, None where it has none: a comment."""
    first, _, last = event.partition(b"\n")
    if last.startswith(_DATA) and first.startswith(_NAMED) and last.find(b"\n") < 0:
        return last[len(_DATA) :]
    lines = _DATA_LINE.findall(event)
    return b"\n".join(lines) if lines else None


def _behind_last_blank_line(text: bytes, start: int, end: int) -> int:
    """Return the offset behind the last blank line between two offsets; the first of them for none."""
    found = text.rfind(BLANK_LINE, start, end)
    return start if found < 0 else found + len(BLANK_LINE)


def _behind_blank_line(before: bytearray, text: bytes) -> int:
    """Return the offset in `text` behind its first blank line, which may begin in what came before; 0 for none."""
    if before.endswith(b"\n") and text.startswith(b"\n"):
        return 1
    found = text.find(BLANK_LINE)
    return 0 if found < 0 else found + len(BLANK_LINE)
