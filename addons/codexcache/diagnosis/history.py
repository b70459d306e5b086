"""The turns that are remembered, and how those are found that a new one can be compared with.

Only a turn that had ended with usage before another was sent can be its predecessor, because only then can its prompt
have been cached.

A turn is found by what stands for a whole head of items: by its last head, and by those under which its line is
listed; what shares such a head is then compared exactly. What is remembered is bounded in bytes, and the least
recently added turns go first.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from sys import getsizeof

from ..turn.item_list import Items
from ..turn.prompt import PromptPrefix
from ..turn.record import Record
from .predecessor import Match, choose, match_of, same_route

# What remembered turns have in common, counted once, in bytes, for as long as any of them is remembered.

_TOOL_COST, _HEAD_COST = 240, 400
"""Estimated overhead in bytes of one tool (without its name) and of one prompt head (without texts and tools)."""

_ITEM_COST, _COLUMNS_COST = 42, 700
"""Bytes that an item takes up in columns, which grow a little ahead of it, and columns without any items."""


class SharedPrefixes:
    """The heads of an agent's prompts: equal ones are one and the same object."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, int] = {}

    def take(self, head: PromptPrefix) -> None:
        """Count a turn with a head."""
        uses = self._uses.get(id(head), 0)
        self._uses[id(head)] = uses + 1
        self.size += 0 if uses else _weight(head)

    def drop(self, head: PromptPrefix) -> None:
        """Count it no more."""
        uses = self._uses.pop(id(head))
        if uses > 1:
            self._uses[id(head)] = uses - 1
        else:
            self.size -= _weight(head)


class SharedArrays:
    """The columns of a conversation's items; they grow with its turns."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, tuple[int, int]] = {}

    def take(self, items: Items) -> None:
        """Count a turn with some items."""
        uses, weight = self._uses.get(id(items.arrays), (0, 0))
        longer = max(weight, _COLUMNS_COST + _ITEM_COST * len(items))
        self._uses[id(items.arrays)] = uses + 1, longer
        self.size += longer - weight

    def drop(self, items: Items) -> None:
        """Count it no more."""
        uses, weight = self._uses.pop(id(items.arrays))
        if uses > 1:
            self._uses[id(items.arrays)] = uses - 1, weight
        else:
            self.size -= weight


def _weight(head: PromptPrefix) -> int:
    """Return the bytes that a head takes up."""
    return _HEAD_COST + getsizeof(head.instructions) + sum(_TOOL_COST + getsizeof(tool.name) for tool in head.tools)


# Lines of turns, and how they are found.
#
# A line is a row of turns under one key, of which each extends the whole input of the one before. What stands at the
# head of a turn stands at the head of all behind it. So a line is listed once for all its turns: under its key, and
# under the heads of 1, 2, 4, 8, … items. A turn that goes on with it costs nothing there, until the next power of
# two.

ALIKE = 16
"""Lines listed under one head or key, and turns of a line that are looked at; of more than these, the latest ones."""


class Branch:
    """A line: its turns, and what it is listed under: its key, and heads of 1, 2, 4, 8, … items."""

    __slots__ = ("entries", "records")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[object] = []

    def extends(self, record: Record, earlier: Record) -> bool:
        """Tell whether a turn that extends an earlier one whole belongs here."""
        return self.records[-1] is earlier and earlier.route.key == record.route.key

    def latest(self) -> Sequence[Record]:
        """Return the latest turns."""
        return self.records[-ALIKE:]


class BranchIndex:
    """Lines by what they are listed under."""

    def __init__(self) -> None:
        self._listed: dict[object, list[Branch]] = {}

    def is_alone(self, line: Branch, entries: Iterable[object]) -> bool:
        """Tell whether no other line is listed under any of some entries."""
        return all(one is line for entry in entries for one in self._listed.get(entry, ()))

    def under(self, entries: Iterable[object]) -> Iterator[Record]:
        """Yield the latest turns of the lines that are listed under some entries."""
        lines = dict.fromkeys(chain.from_iterable([self._listed.get(entry, ()) for entry in entries]))
        return chain.from_iterable([line.latest() for line in lines])

    def append(self, line: Branch, record: Record) -> None:
        """Put a turn at the end of a line."""
        line.records.append(record)
        if not line.entries:
            self._list(key_of(record), line)
        items = record.prompt.items
        while (count := 1 << len(line.entries) - 1) <= len(items):
            self._list(items.prefix_digest(count), line)

    def remove(self, line: Branch, record: Record) -> None:
        """Take a turn out of its line, usually the first one; a line without turns is forgotten."""
        place = next(place for place, one in enumerate(line.records) if one is record)
        del line.records[place]
        if not line.records:
            for entry in line.entries:
                self._unlist(entry, line)

    def _list(self, entry: object, line: Branch) -> None:
        line.entries.append(entry)
        listed = self._listed.setdefault(entry, [])
        listed.append(line)
        if len(listed) > ALIKE:
            listed.remove(min(listed[:-1], key=lambda one: one.records[-1].number))

    def _unlist(self, entry: object, line: Branch) -> None:
        if rest := [one for one in self._listed.pop(entry, ()) if one is not line]:
            self._listed[entry] = rest


def key_of(record: Record) -> object:
    """Return the entry of a turn's key."""
    return "key", record.route.key


def powers(most: int) -> list[int]:
    """Return the powers of two up to a count."""
    return [1 << exponent for exponent in range(most.bit_length())]


def power(count: int) -> int:
    """Return the largest power of two that is not above a count, which is at least one."""
    return 1 << count.bit_length() - 1


HISTORY_BYTES = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_OUTPUT_COST, _TURN_COST = 200, 6000
"""Bytes that an item of the answer and a turn take up in memory, measured on CPython 3.13.

The last is that of a turn that shares nothing with another. What turns share is counted apart.
"""


class History:
    """Finished turns, by what their input's heads are and by key.

    A turn that a later one has extended is superseded: it goes before any that is still the last of its line.
    """

    def __init__(self, limit: int = HISTORY_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._ends: dict[int, list[Record]] = {}
        self._line_of: dict[int, Branch] = {}
        self._lines = BranchIndex()
        self._heads, self._columns = SharedPrefixes(), SharedArrays()

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
        self._heads.take(record.prompt.prefix)
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
            heads = [items.prefix_digest(count) for count in powers(len(items))]
            ends = {*heads, *(items.prefix_digest(count) for count in _last_heads(record))}
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
        *others, other = self._ends[items.prefix_digest(count)]
        if others and count < len(items):  # by what was answered, which a turn that comes again does not show
            return None
        line = self._line_of[other.number]
        if line.records[-1] is not other or not same_route(record, other) or not _is_readable(other, record):
            return None
        heads = items.prefix_digest(power(count)), items.prefix_digest(power(min(count + 1, len(items))))
        return Match(record=other, head=count) if self._lines.is_alone(line, heads) else None

    def _longest_end(self, record: Record) -> int:
        """Return how many items the longest head has that is a turn's whole input, among those that may well be."""
        items, ends = record.prompt.items, self._ends
        return next((count for count in _last_heads(record) if items.prefix_digest(count) in ends), 0)

    def _ending_in(self, heads: Iterable[int]) -> Iterable[Record]:
        """Yield the turns of which one of these is the whole input."""
        return chain.from_iterable([self._ends.get(head, ()) for head in heads])

    def _line(self, record: Record, match: Match | None) -> Branch:
        """Return a turn's line: that of the turn which it extends, or a new one. That turn is now superseded."""
        line = None
        if match and match.whole and (line := self._line_of.get(match.record.number)):
            if old := self._latest.pop(match.record.number, None):
                self._superseded[old.number] = old
            line = line if line.extends(record, match.record) else None
        line = self._line_of[record.number] = line or Branch()
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
        self._heads.drop(record.prompt.prefix)
        self._columns.drop(record.prompt.items)
        self._lines.remove(self._line_of.pop(number), record)
        if rest := [other for other in self._ends.pop(_end(record), ()) if other is not record]:
            self._ends[_end(record)] = rest


def _end(record: Record) -> int:
    """Return the head that is a turn's whole input."""
    return record.prompt.items.prefix_digest(len(record.prompt.items))


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
