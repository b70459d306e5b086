"""The items of a prompt, in columns.

A history of a thousand items is remembered for each of many turns, so what is kept of an item is small: digests, sizes
and places in arrays. And a turn that goes on with another has its items in common with it: both look at the same
columns, which only ever grow, each as far as its own items go. Beside each item's digest stands one for the whole head
up to it, so that two histories are compared by bisection.
"""

import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

_COMPACTED = frozenset({"compaction", "compaction_summary", "context_compaction"})


class Item(NamedTuple):
    """One item of the input: its digest, what it is, its size in bytes, and its place in the whole input."""

    digest: int
    kind: str
    size: int
    place: int


class Run(NamedTuple):
    """Consecutive items: how many, their bytes, what the first is, and the first's and last's places in the input."""

    length: int
    size: int
    kind: str
    first: int
    last: int


class ItemArrays:
    """Some 36 bytes an item. `heads` and `ends` begin with what stands for no items at all.

    `open` is a one-item lock: it holds the length while these columns may still be appended to in place.
    """

    __slots__ = ("digests", "ends", "heads", "kinds", "open", "places")

    def __init__(self) -> None:
        self.digests, self.heads = array("q"), array("q", [0])
        self.kinds: list[str] = []
        self.ends = array("Q", [0])  # bytes of all items up to one
        self.places = array("I")
        self.open = [0]

    def continued(self, count: int) -> "ItemArrays":
        """Return columns of the first `count` items that can be appended to: a copy if others have gone on there."""
        try:
            self.open.remove(count)  # of two threads, one succeeds
        except ValueError:
            return self._copied(count)
        return self

    def append(self, items: Sequence[Item]) -> int:
        """Append items; return how many there are now."""
        head, end = self.heads[-1], self.ends[-1]
        for item in items:
            self.digests.append(item.digest)
            self.heads.append(head := hash((head, item.digest)))  # nobody knows a digest, so none can be prepared
            self.kinds.append(sys.intern(item.kind))
            self.ends.append(end := end + item.size)
            self.places.append(item.place)
        self.open.append(count := len(self.places))
        return count

    def _copied(self, count: int) -> "ItemArrays":
        made = ItemArrays()
        made.digests, made.heads = self.digests[:count], self.heads[: count + 1]
        made.kinds, made.ends, made.places = self.kinds[:count], self.ends[: count + 1], self.places[:count]
        made.open.clear()
        return made


class Items:
    """The items of a prompt. `compactions` are the digests of those that stand for compacted history."""

    __slots__ = ("_count", "columns", "compactions")

    def __init__(self, items: Sequence[Item] = (), base: "Items | None" = None) -> None:
        self.columns: ItemArrays = base.columns.continued(len(base)) if base is not None else ItemArrays().continued(0)
        self._count: int = self.columns.append(items)
        self.compactions: frozenset[int] = base.compactions if base is not None else frozenset()
        if compacted := [item.digest for item in items if item.kind in _COMPACTED]:
            self.compactions |= {*compacted}

    def followed_by(self, items: Sequence[Item]) -> "Items":
        """Return these items and then more."""
        return Items(items, self) if items else self

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Item:
        columns = self.columns
        size = columns.ends[index + 1] - columns.ends[index]
        return Item(columns.digests[index], columns.kinds[index], size, columns.places[index])

    def head(self, count: int) -> int:
        """Return the digest that stands for the first `count` items."""
        return self.columns.heads[count]

    def prefix_digests(self) -> Sequence[int]:
        """Return the digests that stand for the first 0, 1, 2, ... items, and last for all of them."""
        return self.columns.heads[: self._count + 1]

    def digests(self, start: int = 0, end: int | None = None) -> list[int]:
        """Return the items' own digests from `start` on, up to `end`."""
        return list(self.columns.digests[start : self._count if end is None else min(end, self._count)])

    def size(self, count: int | None = None) -> int:
        """Return the bytes of the first `count` items, or of all."""
        return self.columns.ends[self._count if count is None else min(count, self._count)]

    def split(self, index: int) -> tuple[Run | None, Run | None, Run | None]:
        """Return the items before an index, the one at it, and those after it; None where there are none."""
        return self._run(0, index), self._run(index, index + 1), self._run(index + 1, self._count)

    def _run(self, start: int, end: int) -> Run | None:
        end = min(end, self._count)
        if start >= end:
            return None
        columns = self.columns
        size = columns.ends[end] - columns.ends[start]
        return Run(end - start, size, columns.kinds[start], columns.places[start], columns.places[end - 1])

    def kinds(self) -> tuple[str, ...]:
        """Return what each item is."""
        return tuple(self.columns.kinds[: self._count])

    def common_prefix(self, other: "Items") -> int:
        """Return how many items at the head are the same, by bisection over what stands for all items up to one."""
        low, high = 0, min(self._count, other._count)
        if self.columns is other.columns or self.head(high) == other.head(high):
            return high  # as nearly always: one goes on with the other
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.head(middle) == other.head(middle) else (low, middle - 1)
        return low


def digest(data: bytes) -> int:
    """Return what stands for some bytes within this process: 64 bits.

    Python's hash of bytes is SipHash with a key of the process (PEP 456): it costs a fraction of what a cryptographic
    hash does, and nobody can prepare two texts that are taken for one. Of a million items, two are alike by chance once
    in tens of millions of starts.
    """
    return hash(data)
