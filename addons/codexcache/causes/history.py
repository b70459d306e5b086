"""The turns that are remembered, and how those are found that a new one can be compared with.

Only a turn that had ended with usage before another was sent can be its predecessor, because only then can its prompt
have been cached.

A turn is found by what stands for a whole head of items: by its last head, and by those under which its line is
listed; what shares such a head is then compared exactly. What is remembered is bounded in bytes, and the least
recently added turns go first.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from itertools import chain

from ..turns.record import Record
from .lines import ALIKE, Line, Lines, key_of, power, powers
from .predecessor import Match, choose, leave_alike, match_of
from .shares import SharedColumns, SharedHeads

MEMORY = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_OUTPUT_COST, _TURN_COST = 200, 6000
"""Bytes that an item of the answer and a turn take up in memory, measured on CPython 3.13.

The last is that of a turn that shares nothing with another. What turns share is counted apart.
"""


class History:
    """Finished turns, by what their input's heads are and by key.

    A turn that a later one has extended is superseded: it goes before any that is still the last of its line.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._ends: dict[int, list[Record]] = {}
        self._line_of: dict[int, Line] = {}
        self._lines = Lines()
        self._heads, self._columns = SharedHeads(), SharedColumns()

    def __len__(self) -> int:
        return len(self._line_of)

    @property
    def size(self) -> int:
        """Bytes that are remembered, as far as they can be counted."""
        return self._size + self._heads.size + self._columns.size

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended with usage, and what it was found to go on with."""
        self._latest[record.number] = record
        self._size += _cost(record)
        self._heads.take(record.prompt.head)
        self._columns.take(record.prompt.items)
        self._put_end(record)
        self._lines.append(self._line(record, match), record)
        while self.size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known."""
        return self._plain(record) or choose(record, self.alike(record))

    def alike(self, record: Record) -> list[Match]:
        """Return all turns that may share a head, a key or a history with this one."""
        named = (record.named,) if record.named is not None and record.named.usage is not None else ()
        found: Iterable[Record] = ()
        if record.complete:
            items = record.prompt.items
            heads = [items.head(count) for count in powers(len(items))]
            ends = {*heads, *(items.head(count) for count in _last_heads(record))}
            found = chain(self._ending_in(ends), self._lines.under((*heads, key_of(record))))
        return [
            match_of(record, other)
            for other in _each_once((*named, *(other for other in found if _is_readable(other, record))))
        ]

    def _plain(self, record: Record) -> Match | None:
        """Return the turn that this one plainly goes on with: nothing else that is known begins as both do.

        Nearly all turns leave as the one before them did, so few have to be compared with all that are alike.
        """
        count, items = self._longest_end(record), record.prompt.items
        if not count or not record.complete or record.named is not None:
            return None
        *others, other = self._ends[items.head(count)]
        if others and count < len(items):  # by what was answered, which a turn that comes again does not show
            return None
        line = self._line_of[other.number]
        if line.records[-1] is not other or not leave_alike(record, other) or not _is_readable(other, record):
            return None
        heads = items.head(power(count)), items.head(power(min(count + 1, len(items))))
        return Match(record=other, head=count) if self._lines.is_alone(line, heads) else None

    def _longest_end(self, record: Record) -> int:
        """Return how many items the longest head has that is a turn's whole input, among those that may well be."""
        items, ends = record.prompt.items, self._ends
        return next((count for count in _last_heads(record) if items.head(count) in ends), 0)

    def _ending_in(self, heads: Iterable[int]) -> Iterable[Record]:
        """Yield the turns of which one of these is the whole input."""
        return chain.from_iterable([self._ends.get(head, ()) for head in heads])

    def _line(self, record: Record, match: Match | None) -> Line:
        """Return a turn's line: that of the turn which it extends, or a new one. That turn is now superseded."""
        line = None
        if match and match.whole and (line := self._line_of.get(match.record.number)):
            if old := self._latest.pop(match.record.number, None):
                self._superseded[old.number] = old
            line = line if line.goes_on_with(record, match.record) else None
        line = self._line_of[record.number] = line or Line()
        return line

    def _put_end(self, record: Record) -> None:
        ends = self._ends.setdefault(_end(record), [])
        ends.append(record)
        if len(ends) > ALIKE:
            del ends[0]

    def _forget(self, shelf: OrderedDict[int, Record]) -> None:
        """Forget the turn that has been longest on a shelf."""
        number, record = shelf.popitem(last=False)
        self._size -= _cost(record)
        self._heads.drop(record.prompt.head)
        self._columns.drop(record.prompt.items)
        self._lines.remove(self._line_of.pop(number), record)
        if rest := [other for other in self._ends.pop(_end(record), ()) if other is not record]:
            self._ends[_end(record)] = rest


def _end(record: Record) -> int:
    """Return the head that is a turn's whole input."""
    return record.prompt.items.head(len(record.prompt.items))


def _each_once(records: Iterable[Record]) -> Collection[Record]:
    return {record.number: record for record in records}.values()


def _is_readable(other: Record, record: Record) -> bool:
    """Tell whether a turn had ended, with usage, before this one was sent; a warm-up counts only where it is named."""
    return not other.warm_up and other.ended_at is not None and other.ended_at <= record.sent_at


def _last_heads(record: Record) -> range:
    """Return the lengths of the heads that a turn is likely to have in common with the one that it goes on with."""
    count = len(record.prompt.items)
    return range(count, max(0, count - 64), -1)


def _cost(record: Record) -> int:
    return _TURN_COST + _OUTPUT_COST * len(record.outputs)
