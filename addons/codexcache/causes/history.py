"""The turns that are remembered, and how those are found that a new one can be compared with.

Only a turn that had ended with usage before another was sent can be its predecessor, because only then can its prompt
have been cached.

Turns are found by what stands for a whole head of items. A turn is listed under its last head and under the heads of
1, 2, 4, 8, … items, so that it costs a few entries, not one for each item; what shares such a head is then compared
exactly. What is remembered is bounded in bytes, and the least recently listed turns go first.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from sys import getsizeof

from ..turns.prompt import Head
from ..turns.record import Record
from .predecessor import Match, choose, holds_the_predecessor, match_of

MEMORY = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_ALIKE = 16
"""Turns listed under one head or key; of more than these, the oldest can no longer be found by it."""

_ITEM_COST, _OUTPUT_COST, _TURN_COST = 34, 200, 6000
"""Bytes that an item, an item of the answer and a turn take up in memory, measured on CPython 3.13.

The last is that of a turn that shares no head with another. What turns share is counted apart.
"""

_TOOL_COST, _HEAD_COST = 240, 400
"""Bytes that a tool takes up beside its name: a tuple, a digest and a number; and a head beside its texts and tools."""


class History:
    """Finished turns, by what their input's heads are and by key.

    A turn that a later one has extended is superseded: it goes before any that is still the last of its line.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._listed: dict[object, list[Record]] = {}
        self._shared = Shared()

    def __len__(self) -> int:
        return len(self._latest) + len(self._superseded)

    @property
    def size(self) -> int:
        """Bytes that are remembered, as far as they can be counted."""
        return self._size + self._shared.size

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended with usage, and what it was found to go on with."""
        self._latest[record.number] = record
        self._size += _cost(record)
        self._shared.take(record.prompt.head)
        for entry in _entries(record):
            self._list(entry, record)
        if match and match.whole and (old := self._latest.pop(match.record.number, None)):
            self._superseded[old.number] = old
        while self.size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known."""
        nearest = self._nearest(record)
        return nearest[0] if len(nearest) == 1 else choose(record, nearest or self.alike(record))

    def alike(self, record: Record) -> list[Match]:
        """Return all turns that may share a head, a key or a history with this one."""
        named = (record.named,) if record.named is not None and record.named.usage is not None else ()
        entries = (*_heads(record), _key(record)) if record.complete else ()
        return [match_of(record, other) for other in self._listed_under(entries, record, named)]

    def _nearest(self, record: Record) -> list[Match]:
        """Return the turns that share the longest head, if the predecessor is surely one of them.

        Nearly all turns go on with the one before them, so few have to be compared with all that are alike.
        """
        items = record.prompt.items
        head = next((count for count in _last_heads(record) if items.head(count) in self._listed), 0)
        if not head or not record.complete or record.named is not None:
            return []
        counts = {head, _power(head), _power(min(head + 1, len(items)))}
        others = self._listed_under((*(items.head(count) for count in counts), _key(record)), record, least=head)
        if any(_shares(record, other, head + 1) for other in others):
            return []
        nearest = [Match(record=other, head=head) for other in others if _shares(record, other, head)]
        return nearest if holds_the_predecessor(record, nearest) else []

    def _listed_under(
        self, entries: Iterable[object], record: Record, named: Iterable[Record] = (), *, least: int = 0
    ) -> Collection[Record]:
        """Return the turns that are named, or listed under some entries and can be a predecessor, each once.

        Those that are listed have at least so many items.
        """
        found = {other.number: other for other in named}
        for entry in entries:
            for other in self._listed.get(entry, ()):
                if len(other.prompt.items) >= least and _could_be_read(other, record):
                    found[other.number] = other
        return found.values()

    def _list(self, entry: object, record: Record) -> None:
        """List a turn under a head or a key."""
        listed = self._listed.setdefault(entry, [])
        listed.append(record)
        if len(listed) > _ALIKE:
            del listed[0]

    def _forget(self, shelf: OrderedDict[int, Record]) -> None:
        """Forget the turn that has been longest on a shelf."""
        _, record = shelf.popitem(last=False)
        self._size -= _cost(record)
        self._shared.drop(record.prompt.head)
        for entry in _entries(record):
            rest = [other for other in self._listed.pop(entry, ()) if other is not record]
            if rest:
                self._listed[entry] = rest


def _could_be_read(other: Record, record: Record) -> bool:
    """Tell whether a turn had ended, with usage, before this one was sent; a warm-up counts only where it is named."""
    return not other.warm_up and other.ended_at is not None and other.ended_at <= record.sent_at


def _shares(record: Record, other: Record, count: int) -> bool:
    """Tell whether two turns have so many items at the head, and the same ones."""
    mine, theirs = record.prompt.items, other.prompt.items
    return count <= len(mine) and count <= len(theirs) and mine.head(count) == theirs.head(count)


def _last_heads(record: Record) -> range:
    """Return the lengths of the heads that a turn is likely to have in common with the one that it goes on with."""
    count = len(record.prompt.items)
    return range(count, max(0, count - 64), -1)


def _heads(record: Record) -> Iterable[object]:
    """Return the heads under which turns that share items with this one are listed, the longest first."""
    items = record.prompt.items
    return dict.fromkeys(items.head(count) for count in (*_last_heads(record), *reversed(_powers(len(items)))))


def _entries(record: Record) -> Iterable[object]:
    """Return what a turn is listed under."""
    items = record.prompt.items
    heads = (items.head(count) for count in (*_powers(len(items)), len(items)) if count)
    return dict.fromkeys((*heads, _key(record)))


def _key(record: Record) -> object:
    return "key", record.route.key


def _powers(count: int) -> list[int]:
    """Return the powers of two up to a count."""
    return [1 << exponent for exponent in range(count.bit_length())]


def _power(count: int) -> int:
    """Return the largest power of two that is not above a count, which is at least one."""
    return 1 << count.bit_length() - 1


def _cost(record: Record) -> int:
    return _TURN_COST + _ITEM_COST * len(record.prompt.items) + _OUTPUT_COST * len(record.outputs)


class Shared:
    """What the turns of an agent have in common, counted once; `size` is its bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, int] = {}

    def take(self, head: Head) -> None:
        """Count a turn with a head: equal ones are one and the same object, as long as any of them is remembered."""
        uses = self._uses.get(id(head), 0)
        self._uses[id(head)] = uses + 1
        self.size += 0 if uses else _weight(head)

    def drop(self, head: Head) -> None:
        """Count it no more."""
        uses = self._uses.pop(id(head))
        if uses > 1:
            self._uses[id(head)] = uses - 1
        else:
            self.size -= _weight(head)


def _weight(head: Head) -> int:
    """Return the bytes that a head takes up."""
    return _HEAD_COST + getsizeof(head.instructions) + sum(_TOOL_COST + getsizeof(tool.name) for tool in head.tools)
