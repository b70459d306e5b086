"""Lines of turns, and how they are found.

A line is a row of turns under one key, of which each extends the whole input of the one before. What stands at the head
of a turn stands at the head of all behind it. So a line is listed once for all its turns: under its key, and under the
heads of 1, 2, 4, 8, … items. A turn that goes on with it costs nothing there, until the next power of two.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ..turns.record import Record

ALIKE = 16
"""Lines listed under one head or key, and turns of a line that are looked at; of more than these, the latest ones."""


class Line:
    """A line: its turns, and what it is listed under: its key, and heads of 1, 2, 4, 8, … items."""

    __slots__ = ("entries", "records")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[object] = []

    def goes_on_with(self, record: Record, earlier: Record) -> bool:
        """Tell whether a turn that extends an earlier one whole belongs here."""
        return self.records[-1] is earlier and earlier.route.key == record.route.key

    def latest(self) -> Sequence[Record]:
        """Return the latest turns."""
        return self.records[-ALIKE:]


class Lines:
    """Lines by what they are listed under."""

    def __init__(self) -> None:
        self._listed: dict[object, list[Line]] = {}

    def is_alone(self, line: Line, entries: Iterable[object]) -> bool:
        """Tell whether no other line is listed under any of some entries."""
        return all(one is line for entry in entries for one in self._listed.get(entry, ()))

    def under(self, entries: Iterable[object]) -> Iterator[Record]:
        """Yield the latest turns of the lines that are listed under some entries."""
        lines = dict.fromkeys(chain.from_iterable([self._listed.get(entry, ()) for entry in entries]))
        return chain.from_iterable([line.latest() for line in lines])

    def append(self, line: Line, record: Record) -> None:
        """Put a turn at the end of a line."""
        line.records.append(record)
        if not line.entries:
            self._list(key_of(record), line)
        items = record.prompt.items
        while (count := 1 << len(line.entries) - 1) <= len(items):
            self._list(items.head(count), line)

    def remove(self, line: Line, record: Record) -> None:
        """Take a turn out of its line, usually the first one; a line without turns is forgotten."""
        place = next(place for place, one in enumerate(line.records) if one is record)
        del line.records[place]
        if not line.records:
            for entry in line.entries:
                self._unlist(entry, line)

    def _list(self, entry: object, line: Line) -> None:
        line.entries.append(entry)
        listed = self._listed.setdefault(entry, [])
        listed.append(line)
        if len(listed) > ALIKE:
            listed.remove(min(listed[:-1], key=lambda one: one.records[-1].number))

    def _unlist(self, entry: object, line: Line) -> None:
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
