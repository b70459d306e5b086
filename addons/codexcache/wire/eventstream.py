"""An event stream, cut into events as its bytes arrive (WHATWG HTML, server-sent events).

Chunks end anywhere: within an event, a character, a line end. Lines may end in LF, CR or CR LF. One event may be
long, so the bytes that were searched are not searched again, and an event beyond the limit is passed over, not kept.
"""

import re
from collections.abc import Iterator

EVENT_LIMIT = 32 << 20
"""Bytes of one event that are read. The last event repeats the whole response, usually well under 1 MB."""

_BLANK_LINE = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
_DATA_LINE = re.compile(rb"^data(?::[ ]?([^\r\n]*))?$", re.MULTILINE)
_USUAL_EVENT = re.compile(rb"(?:event: [^\r\n]*+\n)?data: ([^\r\n]*+)")
_LINE_ENDS = re.compile(rb"\r\n|\r")
_LONGEST_BLANK_LINE = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventStream:
    """Yields the data of each complete event: its data lines, joined by LF."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        self._mark = _BYTE_ORDER_MARK  # what the stream may begin with
        self._buffer = bytearray()
        self._searched = 0
        self._skipping = False
        self._only_lf = True

    def is_unmoved_by(self, chunk: bytes, wanted: re.Pattern[bytes]) -> bool:
        """Tell whether to feed a chunk would neither yield an event with what is wanted nor leave anything behind.

        So it is with most chunks: each is one event or some, whole, and of no interest.
        """
        return (
            not self._buffer
            and not self._mark
            and wanted.search(chunk) is None
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
        )

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take the next bytes of the stream and yield the data of the events that they complete."""
        self._only_lf = b"\r" not in chunk and (self._only_lf or not self._buffer)
        self._buffer += chunk
        while blank := self._blank_line():
            start, end = blank
            event = bytes(self._buffer[:start]).removeprefix(self._mark)
            del self._buffer[:end]
            self._mark, self._searched = b"", 0
            if not self._was_too_long(event) and (data := _data_of(event)) is not None:
                yield data
        self._await_more()

    def _blank_line(self) -> tuple[int, int] | None:
        """Return where the next blank line starts and ends, with the end of the line before it."""
        if self._only_lf:  # as nearly always; to find two bytes is quicker than to match
            start = self._buffer.find(b"\n\n", self._searched)
            return None if start < 0 else (start, start + 2)
        end = _BLANK_LINE.search(self._buffer, self._searched)
        return end.span() if end else None

    def _await_more(self) -> None:
        """Note how far the buffer was searched, and give up the start of an event that has grown too long."""
        if len(self._buffer) > self._limit + _LONGEST_BLANK_LINE:
            self._skipping = True
            del self._buffer[:-_LONGEST_BLANK_LINE]
        self._searched = max(0, len(self._buffer) - _LONGEST_BLANK_LINE)

    def _was_too_long(self, event: bytes) -> bool:
        """Tell whether the event that just ended was too long, and start afresh with the next."""
        skipped, self._skipping = self._skipping, False
        return skipped or len(event) > self._limit


def _data_of(event: bytes) -> bytes | None:
    """Return the data of one event, None where it has none: a comment, or line ends alone."""
    if usual := _USUAL_EVENT.fullmatch(event):
        return usual[1]
    lines = _DATA_LINE.findall(_LINE_ENDS.sub(b"\n", event) if b"\r" in event else event)
    return b"\n".join(lines) if lines else None
