"""The turns that are remembered, and which of them a new one is compared with.

The predecessor of a turn is the one whose prompt stands again at the head of this one, the furthest in items: not the
last request, and not merely the same key, which titles, sub-agents and compaction calls share. Only a turn that had
ended with usage before this one was sent can be one, because only then can its prompt have been cached.

Turns are found by what stands for a whole head of items. A turn is listed under its last head and under the heads of
1, 2, 4, 8, … items, so that it costs a few entries, not one for each item; what shares such a head is then compared
exactly. What is remembered is bounded in bytes, and the least recently listed turns go first.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .record import Record

MEMORY = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_ALIKE = 16
"""Turns listed under one head or key; of more than these, the oldest can no longer be found by it."""

_ITEM_COST, _TURN_COST = 32, 3000
"""Bytes that an item and a turn take up in memory, measured on CPython 3.13."""


_SAID_TO_THE_MODEL = frozenset({"user message", "developer message", "system message"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A predecessor, and how many items at the head are the same."""

    record: Record
    head: int

    @property
    def whole(self) -> bool:
        """Whether the predecessor's whole input stands again."""
        return self.head == len(self.record.prompt.items)


class History:
    """Finished turns, by what their input's heads are and by key.

    A turn that a later one has extended is superseded: it goes before any that is still the last of its line.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._listed: dict[object, tuple[Record, ...]] = {}

    def __len__(self) -> int:
        return len(self._latest) + len(self._superseded)

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended with usage, and what it was found to go on with."""
        self._latest[record.number] = record
        self._size += _cost(record)
        for entry in _entries(record):
            self._listed[entry] = (*self._listed.get(entry, ()), record)[-_ALIKE:]
        if match and match.whole and (old := self._latest.pop(match.record.number, None)):
            self._superseded[old.number] = old
        while self._size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known."""
        found = {other.number: other for other in self._candidates(record)}.values()
        matches = [Match(record=other, head=record.prompt.items.common_head(other.prompt.items)) for other in found]
        ranked = sorted(matches, key=lambda match: _rank(record, match), reverse=True)
        return next((match for match in ranked if _is_same_conversation(record, match)), None)

    def _candidates(self, record: Record) -> Iterator[Record]:
        """Yield turns that may share a head, a key or a history with this one."""
        if record.named is not None and record.named.usage is not None:
            yield record.named
        for entry in (*_heads(record), ("key", record.route.key)):
            yield from (other for other in self._listed.get(entry, ()) if _could_be_read(other, record))

    def _forget(self, shelf: OrderedDict[int, Record]) -> None:
        """Forget the turn that has been longest on a shelf."""
        _, record = shelf.popitem(last=False)
        self._size -= _cost(record)
        for entry in _entries(record):
            rest = tuple(other for other in self._listed.pop(entry, ()) if other is not record)
            if rest:
                self._listed[entry] = rest


def _could_be_read(other: Record, record: Record) -> bool:
    """Tell whether a turn had ended, with usage, before this one was sent; a warm-up counts only where it is named."""
    return not other.warm_up and other.ended_at is not None and other.ended_at <= record.sent_at


def _rank(record: Record, match: Match) -> tuple[bool, int, bool, int]:
    """Rank by the longest head, then what this turn extends whole unless history was compacted, then the latest.

    A turn that is named by its response comes before all: what others have in common with this one is chance.
    """
    compacted, named = _new_compactions(record, match.record), match.record is record.named
    return named and match.head > 0, match.head, match.whole and not compacted, match.record.number


def _is_same_conversation(record: Record, match: Match) -> bool:
    """Tell whether what stands again is enough to speak of one conversation."""
    other, total = match.record, len(match.record.prompt.items)
    if other is record.named:
        return True
    stranger = other.route.caller != record.route.caller and not _is_same_key(record, other)
    if match.whole and total:
        return not _looks_like_another_agent(record, other) and not (stranger and _is_mere_opening(other))
    if stranger:
        return False
    if match.head:
        return 2 * match.head >= total or _new_compactions(record, other) or _stands_again(record, match)
    return _is_cut_at_its_front(record, other) or (_is_same_key(record, other) and _new_compactions(record, other))


def _is_mere_opening(other: Record) -> bool:
    """Tell whether a history holds nothing that a model said: anybody may begin a conversation in the same way."""
    return all(kind in _SAID_TO_THE_MODEL for kind in other.prompt.items.kinds())


def _stands_again(record: Record, match: Match) -> bool:
    """Tell whether items behind the first difference stand again further on."""
    later = set(match.record.prompt.items.digests(match.head))
    return not later.isdisjoint(record.prompt.items.digests(match.head))


def _is_cut_at_its_front(record: Record, other: Record) -> bool:
    """Tell whether a turn goes on with what is left of a history whose oldest items were dropped."""
    mine, theirs = record.prompt, other.prompt
    if not _is_same_key(record, other) or mine.instructions != theirs.instructions or mine.tools != theirs.tools:
        return False
    return bool(mine.items) and mine.items[0].digest in theirs.items.digests()


def _is_same_key(record: Record, other: Record) -> bool:
    return record.route.key is not None and record.route.key == other.route.key


def _new_compactions(record: Record, other: Record) -> bool:
    return not record.prompt.compactions <= other.prompt.compactions


def _looks_like_another_agent(record: Record, other: Record) -> bool:
    """Tell a title request, say, from the turn with the same opening: none of its tools, and other instructions."""
    mine, theirs = {tool.name for tool in record.prompt.tools}, {tool.name for tool in other.prompt.tools}
    return (
        mine.isdisjoint(theirs) and mine != theirs and record.prompt.instructions[:64] != other.prompt.instructions[:64]
    )


def _heads(record: Record) -> Iterable[object]:
    """Yield the heads under which turns that share items with this one are listed, the longest first."""
    items = record.prompt.items
    powers = [1 << exponent for exponent in range(len(items).bit_length())]
    ends = range(len(items), max(0, len(items) - 64), -1)
    return dict.fromkeys(items.head(count) for count in (*ends, *reversed(powers)))


def _entries(record: Record) -> Iterable[object]:
    """Yield what a turn is listed under."""
    items = record.prompt.items
    powers = [1 << exponent for exponent in range(len(items).bit_length())]
    return dict.fromkeys((*(items.head(count) for count in (*powers, len(items)) if count), ("key", record.route.key)))


def _cost(record: Record) -> int:
    return _TURN_COST + _ITEM_COST * len(record.prompt.items)
