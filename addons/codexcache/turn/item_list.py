"""The items of prompts, as shared append-only arrays.

A history of a thousand items is kept for each of many turns, so little is kept of an item: digests, sizes and indexes,
in arrays. A turn that extends another begins with the same items: both share arrays that only grow, and each turn uses
as many of the first entries as it has items. Next to each item's digest there is one for the whole prefix that ends
with it, so two histories are compared by bisection.
"""

from array import array
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from struct import Struct
from typing import NamedTuple

_FIRST = Struct(">q")
"""The first 64 bits of a digest."""

_COMPACTED = frozenset({"compaction", "compaction_summary", "context_compaction"})


class Item(NamedTuple):
    """One item of the input: its digest, its kind, its size in bytes, and its index in the whole input."""

    digest: int
    kind: str
    size: int
    input_index: int


class Run(NamedTuple):
    """Consecutive items: how many, their bytes, what the first is, and the first's and last's places in the input."""

    length: int
    size: int
    kind: str
    first: int
    last: int


class ItemArrays:
    """Arrays of items, some 32 bytes each. `prefix_digests` and `end_offsets` begin with an entry for no items.

    `kinds` are numbers, and `kind_names` has the kind for each, perhaps also of items that others have appended.
    `append_lock` is a one-item lock: it holds the length, and only the one who takes that out may append in place.
    """

    __slots__ = ("append_lock", "digests", "end_offsets", "indexes", "kind_names", "kinds", "prefix_digests")

    def __init__(self) -> None:
        self.digests, self.prefix_digests = array("q"), array("q", [0])
        self.kinds, self.kind_names = array("I"), dict[str, int]()
        self.end_offsets = array("Q", [0])  # bytes of all items up to this one
        self.indexes = array("I")
        self.append_lock = [0]

    def appendable(self, count: int) -> "ItemArrays":
        """Return arrays of the first `count` items that can be appended to: these, or a copy if they already were."""
        try:
            self.append_lock.remove(count)  # of two threads, one succeeds
        except ValueError:
            return self._copy(count)
        return self

    def append(self, items: Sequence[Item]) -> int:
        """Append items; return the new number of items."""
        prefix, end = self.prefix_digests[-1], self.end_offsets[-1]
        for item in items:
            self.digests.append(item.digest)
            self.prefix_digests.append(prefix := hash((prefix, item.digest)))
            self.kinds.append(self.kind_names.setdefault(item.kind, len(self.kind_names)))
            self.end_offsets.append(end := end + item.size)
            self.indexes.append(item.input_index)
        self.append_lock.append(count := len(self.indexes))
        return count

    def kind(self, index: int) -> str:
        """Return the kind of an item."""
        return next(islice(self.kind_names, self.kinds[index], None))

    def _copy(self, count: int) -> "ItemArrays":
        copy = ItemArrays()
        copy.digests, copy.prefix_digests = self.digests[:count], self.prefix_digests[: count + 1]
        copy.kinds, copy.kind_names, copy.indexes = self.kinds[:count], self.kind_names.copy(), self.indexes[:count]
        copy.end_offsets = self.end_offsets[: count + 1]
        copy.append_lock.clear()
        return copy


class Items:
    """The items of a prompt. `compactions` are the digests of those that replace compacted history."""

    __slots__ = ("_count", "arrays", "compactions")

    def __init__(self, items: Sequence[Item] = (), base: "Items | None" = None) -> None:
        self.arrays: ItemArrays = base.arrays.appendable(len(base)) if base is not None else ItemArrays().appendable(0)
        self._count: int = self.arrays.append(items)
        self.compactions: frozenset[int] = base.compactions if base is not None else frozenset()
        if compacted := [item.digest for item in items if item.kind in _COMPACTED]:
            self.compactions |= {*compacted}

    def followed_by(self, items: Sequence[Item]) -> "Items":
        """Return these items and then more."""
        return Items(items, self) if items else self

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Item:
        arrays = self.arrays
        size = arrays.end_offsets[index + 1] - arrays.end_offsets[index]
        return Item(arrays.digests[index], arrays.kind(index), size, arrays.indexes[index])

    def prefix_digest(self, count: int) -> int:
        """Return the digest of the first `count` items together; it depends on their order."""
        return self.arrays.prefix_digests[count]

    def whole_digest(self) -> int:
        """Return the digest of all items together."""
        return self.arrays.prefix_digests[self._count]

    def prefix_digests(self) -> Sequence[int]:
        """Return the digests that stand for the first 0, 1, 2, ... items, and last for all of them."""
        return self.arrays.prefix_digests[: self._count + 1]

    def digests(self, start: int = 0, end: int | None = None) -> list[int]:
        """Return the digests of single items, from index `start` up to `end`."""
        return list(self.arrays.digests[start : self._count if end is None else min(end, self._count)])

    def size(self, count: int | None = None) -> int:
        """Return the size in bytes of the first `count` items, or of all."""
        return self.arrays.end_offsets[self._count if count is None else min(count, self._count)]

    def split(self, index: int) -> tuple[Run | None, Run | None, Run | None]:
        """Return the items before an index, the one at it, and those after it; None where there are none."""
        return self._run(0, index), self._run(index, index + 1), self._run(index + 1, self._count)

    def _run(self, start: int, end: int) -> Run | None:
        end = min(end, self._count)
        if start >= end:
            return None
        arrays = self.arrays
        size = arrays.end_offsets[end] - arrays.end_offsets[start]
        return Run(end - start, size, arrays.kind(start), arrays.indexes[start], arrays.indexes[end - 1])

    def kinds(self) -> tuple[str, ...]:
        """Return the kind of each item."""
        names = [*self.arrays.kind_names]
        return tuple([names[kind] for kind in self.arrays.kinds[: self._count]])

    def common_prefix_length(self, other: "Items") -> int:
        """Return how many items both begin with, by bisection over the digests of their prefixes."""
        low, high = 0, min(self._count, other._count)
        if self.arrays is other.arrays or self.prefix_digest(high) == other.prefix_digest(high):
            return high  # as nearly always: one extends the other
        while low < high:
            middle = (low + high + 1) // 2
            same = self.prefix_digest(middle) == other.prefix_digest(middle)
            low, high = (middle, high) if same else (low, middle - 1)
        return low


def digest(data: bytes) -> int:
    """Return a 64-bit digest of some bytes, the same in every process, so that it can be stored.

    A million items contain an accidental collision once in tens of millions of starts. Of the digests that last,
    SHA-256 is the fastest where processors have instructions for it, as nearly all have.
    """
    (first,) = _FIRST.unpack_from(sha256(data).digest())
    return int(first)
