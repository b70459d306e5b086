"""The finished turns that are remembered, and how those are found that a new one can be compared with.

Only a turn that had ended with usage before another was sent can be its predecessor, because only then can its prompt
have been cached.

Finding. The first n items of a turn have a digest, for each n, and two turns with the same digest for n begin with the
same n items. So a turn that this one extends is found by looking up the digests of this one's longest prefixes. For a
turn that this one does not extend, which edited or dropped items, there are branches: a branch is a sequence of turns
under one key, each of which extends the whole input of the one before. What the first begins with, all others do. So a
branch is listed once for all its turns: under its key, and under the digests of its first 1, 2, 4, 8, … items. A turn
that extends it costs nothing there, until the next power of two. What shares such a digest is then compared exactly.

Memory. What is remembered is bounded in bytes. What turns have in common, the prefixes of their prompts and the arrays
of their items, is counted once, for as long as any of them is remembered. The least recently added turns go first, and
those that a later turn extended go before any that is still the last of its branch.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import attrgetter
from sys import getsizeof

from ..turn.items import ENCRYPTED
from ..turn.prompt import PromptPrefix
from ..turn.record import Record
from .predecessor import Match, choose, match_of

HISTORY_BYTES = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

LATEST = 16
"""Branches listed under one entry, and turns of a branch that are looked at; of more than these, the latest ones."""

_LAST_PREFIXES = 64
"""How many of a turn's last prefixes may be the whole input of the turn that it extends: an answer has fewer items."""

_OUTPUT_COST, _TURN_COST = 200, 6000
"""Bytes that an item of the answer and a turn take up in memory, measured on CPython 3.13.

The last is that of a turn that shares nothing with another. What turns share is counted apart.
"""

_TOOL_COST, _PREFIX_COST = 240, 520
"""Estimated overhead in bytes of one tool (without its name) and of one prompt prefix (without texts and tools)."""

_ITEM_COST, _ARRAYS_COST = 38, 880
"""Bytes that an item takes up in the arrays, which grow a little ahead of it, and arrays without any items."""


class SharedSizes:
    """The bytes of prompt prefixes and arrays of items: each is counted once for all turns that share it."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, tuple[int, int]] = {}

    def take(self, record: Record) -> None:
        """Count a turn."""
        prefix, items = record.prompt.prefix, record.prompt.items
        self._take(prefix, 0 if id(prefix) in self._uses else _prefix_size(prefix))
        self._take(items.arrays, _ARRAYS_COST + _ITEM_COST * len(items))

    def drop(self, record: Record) -> None:
        """Count it no more."""
        for shared in (record.prompt.prefix, record.prompt.items.arrays):
            uses, size = self._uses.pop(id(shared))
            if uses > 1:
                self._uses[id(shared)] = uses - 1, size
            else:
                self.size -= size

    def _take(self, shared: object, size: int) -> None:
        uses, known = self._uses.get(id(shared), (0, 0))
        self._uses[id(shared)] = uses + 1, max(size, known)
        self.size += max(0, size - known)


def _prefix_size(prefix: PromptPrefix) -> int:
    tools = sum(_TOOL_COST + getsizeof(tool.name) for tool in prefix.tools)
    return _PREFIX_COST + getsizeof(prefix.instructions.checksums) + tools


class Branch:
    """Turns each of which extends the one before, and what they are listed under."""

    __slots__ = ("entries", "records")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[object] = []

    def continues_with(self, record: Record, earlier: Record) -> bool:
        """Return True if a turn that extends an earlier one whole belongs here."""
        return self.records[-1] is earlier and earlier.route.key == record.route.key

    def latest(self) -> Sequence[Record]:
        """Return the latest turns."""
        return self.records[-LATEST:]


class BranchIndex:
    """Turns by the digest of their whole input, and branches by what they are listed under."""

    def __init__(self) -> None:
        self.ends: dict[int, list[Record]] = {}
        self._listed: dict[object, list[Branch]] = {}

    def is_alone(self, branch: Branch, entries: Iterable[object]) -> bool:
        """Return True if no other branch is listed under any of some entries."""
        return all(one is branch for entry in entries for one in self._listed.get(entry, ()))

    def under(self, entries: Iterable[object]) -> Iterator[Record]:
        """Yield the latest turns of the branches that are listed under some entries."""
        branches = dict.fromkeys(chain.from_iterable([self._listed.get(entry, ()) for entry in entries]))
        return chain.from_iterable([branch.latest() for branch in branches])

    def append(self, branch: Branch, record: Record) -> None:
        """Put a turn at the end of a branch."""
        digests = record.prompt.items.prefix_digests()
        ends = self.ends.setdefault(digests[-1], [])
        ends.append(record)
        del ends[:-LATEST]
        branch.records.append(record)
        if not branch.entries:
            self._list(key_of(record), branch)
        while (count := 1 << len(branch.entries) - 1) < len(digests):
            self._list(digests[count], branch)

    def remove(self, branch: Branch, record: Record) -> None:
        """Take a turn out of its branch, usually the first one; a branch without turns is forgotten."""
        end = record.prompt.items.prefix_digests()[-1]
        if rest := [one for one in self.ends.pop(end, ()) if one is not record]:
            self.ends[end] = rest
        del branch.records[next(at for at, one in enumerate(branch.records) if one is record)]
        if not branch.records:
            for entry in branch.entries:
                self._unlist(entry, branch)

    def _list(self, entry: object, branch: Branch) -> None:
        branch.entries.append(entry)
        listed = self._listed.setdefault(entry, [])
        listed.append(branch)
        if len(listed) > LATEST:
            listed.remove(min(listed[:-1], key=lambda one: (one.records[-1].sent_at, one.records[-1].number)))

    def _unlist(self, entry: object, branch: Branch) -> None:
        if rest := [one for one in self._listed.pop(entry, ()) if one is not branch]:
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


class History:
    """Finished turns, found by the digests of their items and by key."""

    def __init__(self, limit: int = HISTORY_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._branch_of: dict[int, Branch] = {}
        self._index = BranchIndex()
        self._shared = SharedSizes()

    def __len__(self) -> int:
        return len(self._branch_of)

    @property
    def size(self) -> int:
        """Bytes that are remembered, as far as they can be counted."""
        return self._size + self._shared.size

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended with usage, and what it was found to extend."""
        self._latest[record.number] = record
        self._size += _cost(record)
        self._shared.take(record)
        self._index.append(self._branch(record, match), record)
        while self.size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known."""
        return self._plain(record) or choose(record, self.candidates(record))

    def candidates(self, record: Record) -> list[Match]:
        """Return all turns that may share items, a key or a history with this one."""
        known = self._latest.get(record.continued) or self._superseded.get(record.continued)
        found = [other for other in (record.named, known) if other is not None and other.usage is not None]
        if record.complete:
            digests = record.prompt.items.prefix_digests()
            starts = [digests[count] for count in powers(len(digests) - 1)]
            ends = {*starts, *(digests[count] for count in _last_prefixes(digests))}
            ended = chain.from_iterable([self._index.ends.get(end, ()) for end in ends])
            others = chain(ended, self._index.under((*starts, key_of(record))))
            found += [other for other in others if _is_readable(other, record)]
        return [match_of(record, other) for other in {other.number: other for other in found}.values()]

    def makers(self, record: Record) -> list[Record | None]:
        """Return the first turn that made each encrypted item of this turn's input, as far as known; it takes long."""
        items = record.prompt.items
        given = {digest for digest, kind in zip(items.digests(), items.kinds(), strict=True) if kind in ENCRYPTED}
        latest_first = sorted(
            (*self._superseded.values(), *self._latest.values()), key=attrgetter("sent_at"), reverse=True
        )
        made = {output.digest: other for other in latest_first for output in other.outputs}
        return [made.get(digest) for digest in given]

    def _plain(self, record: Record) -> Match | None:
        """Return the turn that this one plainly extends: no other that is known begins as both do.

        Nearly all turns leave as the one before them did, so few have to be compared with all candidates.
        """
        if not record.complete or record.named is not None:
            return None
        digests, ends = record.prompt.items.prefix_digests(), self._index.ends
        count = next((count for count in _last_prefixes(digests) if digests[count] in ends), 0)
        if not count:
            return None
        *others, other = ends[digests[count]]
        if others and count < len(digests) - 1:  # the answer decides, which a turn that is sent again does not show
            return None
        branch = self._branch_of[other.number]
        is_same = record.route is other.route and record.prompt.prefix is other.prompt.prefix
        if branch.records[-1] is not other or not is_same or not _is_readable(other, record):
            return None
        starts = digests[power(count)], digests[power(min(count + 1, len(digests) - 1))]
        found = Match(record=other, shared_items=count, whole=True, same_route=True)
        return found if self._index.is_alone(branch, starts) else None

    def _branch(self, record: Record, match: Match | None) -> Branch:
        """Return a turn's branch: that of the turn which it extends, or a new one. That turn is now superseded."""
        branch = None
        if match and match.whole and (branch := self._branch_of.get(match.record.number)):
            if old := self._latest.pop(match.record.number, None):
                self._superseded[old.number] = old
            branch = branch if branch.continues_with(record, match.record) else None
        branch = self._branch_of[record.number] = branch or Branch()
        return branch

    def _forget(self, records: OrderedDict[int, Record]) -> None:
        number, record = records.popitem(last=False)
        self._size -= _cost(record)
        self._shared.drop(record)
        self._index.remove(self._branch_of.pop(number), record)


def _is_readable(other: Record, record: Record) -> bool:
    """Return True if a turn had ended before this one was sent. A warm-up counts only where it is named."""
    return not other.warm_up and other.ended_at is not None and other.ended_at <= record.sent_at


def _last_prefixes(digests: Sequence[int]) -> range:
    """Return the lengths of the prefixes that a turn is likely to share with the one that it extends, longest first."""
    count = len(digests) - 1
    return range(count, max(0, count - _LAST_PREFIXES), -1)


def _cost(record: Record) -> int:
    return _TURN_COST + _OUTPUT_COST * len(record.outputs)
