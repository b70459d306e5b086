"""Answers that clients quote: a client that compacts a history by itself puts the model's summary into a new message.

pi, opencode and the official client without server-side compaction each wrap it in words of their own. So a text is
known by its lines: an answer's longest ones are remembered by digest, and a message that has one of them quotes it.
"""

from collections import OrderedDict
from collections.abc import Sequence

from ..turn.record import Record

_KNOWN = 20_000
"""Lines that are remembered, the latest."""


class Said:
    """Lines of answers, by the caller who was answered."""

    def __init__(self, limit: int = _KNOWN) -> None:
        self._limit = limit
        self._known: OrderedDict[tuple[bytes, int], bool] = OrderedDict()

    def add(self, record: Record) -> None:
        """Remember what a turn was answered."""
        for line in record.said:
            self._known[record.route.caller, line] = True
            self._known.move_to_end((record.route.caller, line))
        while len(self._known) > self._limit:
            self._known.popitem(last=False)

    def quoting(self, record: Record, lines: Sequence[Sequence[int]], start: int = 0) -> tuple[int, ...]:
        """Return which early items of a turn's input quote an answer, by their index in the whole input.

        `lines` are the digests of each item's lines, from item `start` of the input on.
        """
        caller = record.route.caller
        early = enumerate(lines, start) if self._known else ()
        return tuple(at for at, held in early if any((caller, line) in self._known for line in held))
