"""Answers that clients quote: a client that compacts a history by itself puts the model's summary into a new message.

pi, opencode and the official client without server-side compaction each wrap it in words of their own. So a text is
known by its lines: an answer's longest ones are remembered by digest, and a message that has one of them quotes it.
"""

from collections import OrderedDict
from itertools import islice

from ..body.json_splice import Object
from ..turn.items import given_items, line_digests
from ..turn.record import Record

_EARLY = 12
"""Items at the front of an input of which it is asked whether they quote."""

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

    def quoting(self, record: Record, document: Object) -> tuple[int, ...]:
        """Return which of the first items of a turn's input quote an answer, by their index in the whole input."""
        if not self._known:
            return ()
        caller = record.route.caller
        early = enumerate(islice(given_items(document), _EARLY))
        return tuple(at for at, item in early if any((caller, line) in self._known for line in line_digests(item)))
