"""Server-sent events (WHATWG HTML), found in a stream as its bytes arrive.

Chunks end anywhere: within an event, a character, a line end. Lines may end in LF, CR or CR LF. An event may be long,
so no byte is searched twice, and an event over the size limit is skipped, not kept.

Nearly all events are irrelevant, and nearly all chunks consist of whole events. So the chunk is searched for a pattern,
and only the events that contain a match are cut out.
"""

import re
from collections.abc import Iterator

EVENT_LIMIT = 32 << 20
"""Largest event that is read, in bytes. The last event repeats the whole response, usually well under 1 MB."""

BLANK_LINE = b"\n\n"

_ANY_DATA = re.compile(rb"^data", re.MULTILINE)
_DATA_LINE = re.compile(rb"^data(?::[ ]?([^\n]*))?$", re.MULTILINE)
_EVENT, _DATA = b"event: ", b"data: "
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventStream:
    """Finds the complete events whose text matches `wanted`, by default all that have data."""

    def __init__(self, wanted: re.Pattern[bytes] = _ANY_DATA, limit: int = EVENT_LIMIT) -> None:
        self._wanted = wanted
        self._limit = limit
        self._partial = bytearray()  # an event that is not complete yet
        self._mark = BYTE_ORDER_MARK  # a stream may begin with it; empty once the first event has begun
        self._is_too_long = False
        self._ended_in_cr = False

    @property
    def is_between(self) -> bool:
        """True if the next chunk begins a new event.

        Then a chunk of whole events with LF line ends need not be fed unless it matches `wanted`.
        """
        return not (self._partial or self._mark or self._ended_in_cr)

    @property
    def held(self) -> int:
        """Bytes kept of an event that is not complete yet."""
        return len(self._partial)

    def single_event(self, chunk: bytes) -> bytes | None:
        """Return the data if the chunk is exactly one named event, as nearly all are, else None: then `feed` it."""
        start = chunk.find(b"\n") + 1
        if not chunk.startswith(_EVENT) or not chunk.startswith(_DATA, start) or self._partial or self._ended_in_cr:
            return None
        if not chunk.endswith(BLANK_LINE) or chunk.find(b"\n", start) != len(chunk) - 2 or chunk.find(b"\r") >= 0:
            return None
        self._mark = b""
        return chunk[start + len(_DATA) : -len(BLANK_LINE)]

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes of the stream; yield the data of each wanted event that is now complete, joined by LF."""
        if self._mark and chunk and not self._partial and not chunk.startswith(BYTE_ORDER_MARK[:1]):
            self._mark = b""
        if chunk.endswith(BLANK_LINE) and self.is_between and chunk.find(b"\r") < 0:  # as nearly always
            return self._wanted_data(chunk, 0, len(chunk))
        return self._feed(chunk)

    def _feed(self, chunk: bytes) -> Iterator[bytes]:
        text = self._with_line_feeds(chunk) if chunk.find(b"\r") >= 0 or self._ended_in_cr else chunk
        start = _after_blank_line(self._partial, text) if self._partial or self._mark else 0
        if start:
            yield from self._complete(text[:start])
        if not self._partial and not self._mark:
            end = _after_last_blank_line(text, start, len(text))
            yield from self._wanted_data(text, start, end)
            start = end
        self._keep(text[start:])

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Return a chunk with LF line ends. An LF at its start may belong to the CR at the end of the last chunk."""
        text = chunk[1:] if self._ended_in_cr and chunk.startswith(b"\n") else chunk
        self._ended_in_cr = chunk.endswith(b"\r") if chunk else self._ended_in_cr
        return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _complete(self, text: bytes) -> Iterator[bytes]:
        """Complete the partial event with its last bytes; yield its data if it is wanted."""
        event = bytes(self._partial + text).removesuffix(BLANK_LINE)
        if not self._is_too_long and len(event) <= self._limit:
            yield from self._wanted_data(event.removeprefix(self._mark), 0, len(event))
        self._partial.clear()
        self._mark, self._is_too_long = b"", False

    def _wanted_data(self, text: bytes, start: int, end: int) -> Iterator[bytes]:
        """Yield the data of each wanted event among the whole events between two offsets."""
        while found := self._wanted.search(text, start, end):
            first = _after_last_blank_line(text, start, found.start())
            last = text.find(BLANK_LINE, found.start())
            last = end if last < 0 else last
            if last - first <= self._limit and (data := _data_of(text[first:last])) is not None:
                yield data
            start = last + len(BLANK_LINE)

    def _keep(self, text: bytes) -> None:
        """Keep the start of an event. If it is too long, keep one byte: enough to find the blank line that ends it."""
        self._partial += text
        if len(self._partial) > self._limit + 1:
            self._is_too_long = True
            del self._partial[:-1]


def _data_of(event: bytes) -> bytes | None:
    """Return the data of one event, None if it has none, such as a comment."""
    first, _, last = event.partition(b"\n")
    if last.startswith(_DATA) and first.startswith(_EVENT) and last.find(b"\n") < 0:
        return last[len(_DATA) :]
    lines = _DATA_LINE.findall(event)
    return b"\n".join(lines) if lines else None


def _after_last_blank_line(text: bytes, start: int, end: int) -> int:
    """Return the offset after the last blank line between two offsets, `start` if there is none."""
    found = text.rfind(BLANK_LINE, start, end)
    return start if found < 0 else found + len(BLANK_LINE)


def _after_blank_line(partial: bytearray, text: bytes) -> int:
    """Return the offset in `text` after the first blank line, which may begin in `partial`; 0 if there is none."""
    if partial.endswith(b"\n") and text.startswith(b"\n"):
        return 1
    found = text.find(BLANK_LINE)
    return 0 if found < 0 else found + len(BLANK_LINE)
