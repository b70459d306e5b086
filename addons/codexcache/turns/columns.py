"""The items of a prompt, in columns.

A history of a thousand items is remembered for each of many turns, so what is kept of an item is small: digests in one
run of bytes each, sizes and places in arrays. Beside each item's own digest stands one for the whole head up to it, so
that two histories are compared by bisection.
"""

import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

_DIGEST = 8
"""Bytes of a digest. Of a million items, two are alike by chance once in tens of millions of starts."""

_COMPACTED = frozenset({"compaction", "compaction_summary", "context_compaction"})


class Item(NamedTuple):
    """One item of the input: its digest, what it is, its size in bytes, and its place in the whole input."""

    digest: bytes
    kind: str
    size: int
    place: int


class Items:
    """The items of a prompt in columns: some 36 bytes an item, so that long histories can be remembered.

    `compactions` are the digests of the items that stand for compacted history.
    """

    __slots__ = ("_digests", "_ends", "_heads", "_kinds", "_places", "compactions")

    def __init__(self, items: Sequence[Item] = ()) -> None:
        self._digests = self._heads = b""
        self._kinds: tuple[str, ...] = ()
        self._ends = array("Q", [0])  # bytes of all items up to one
        self._places = array("I")
        self.compactions: frozenset[bytes] = frozenset()
        self._append(items)

    def followed_by(self, items: Sequence[Item]) -> "Items":
        """Return these items and then more."""
        joined = Items()
        joined._digests, joined._heads, joined._kinds = self._digests, self._heads, self._kinds
        joined._ends, joined._places, joined.compactions = self._ends, self._places, self.compactions
        joined._append(items)
        return joined

    def _append(self, items: Sequence[Item]) -> None:
        """Put new columns in the place of the old ones, which others may have in common with these."""
        if not items:
            return
        heads, kinds = [self._heads], [sys.intern(item.kind) for item in items]
        ends, places, head = self._ends[:], self._places[:], self._heads[-_DIGEST:]
        for item in items:
            heads.append(head := digest(head + item.digest))
            ends.append(ends[-1] + item.size)
            places.append(item.place)
        self._heads, self._ends, self._places = b"".join(heads), ends, places
        self._digests = b"".join((self._digests, *[item.digest for item in items]))
        self._kinds = (*self._kinds, *kinds)
        if not _COMPACTED.isdisjoint(kinds):
            self.compactions |= {item.digest for item in items if item.kind in _COMPACTED}

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, index: int) -> Item:
        at, size = index * _DIGEST, self._ends[index + 1] - self._ends[index]
        return Item(self._digests[at : at + _DIGEST], self._kinds[index], size, self._places[index])

    def head(self, count: int) -> bytes:
        """Return the digest that stands for the first `count` items, at least one."""
        return self._heads[(count - 1) * _DIGEST : count * _DIGEST]

    def digests(self, start: int = 0, end: int | None = None) -> list[bytes]:
        """Return the items' own digests from `start` on, up to `end`."""
        stop = len(self) if end is None else min(end, len(self))
        return [self._digests[at : at + _DIGEST] for at in range(start * _DIGEST, stop * _DIGEST, _DIGEST)]

    def size(self, count: int | None = None) -> int:
        """Return the bytes of the first `count` items, or of all."""
        return self._ends[-1 if count is None else min(count, len(self))]

    def kinds(self) -> tuple[str, ...]:
        """Return what each item is."""
        return self._kinds

    def common_head(self, other: "Items") -> int:
        """Return how many items at the head are the same, by bisection over what stands for all items up to one."""
        low, high = 0, min(len(self), len(other))
        if self._heads[: high * _DIGEST] == other._heads[: high * _DIGEST]:
            return high  # as nearly always: one goes on with the other
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.head(middle) == other.head(middle) else (low, middle - 1)
        return low


def digest(data: bytes) -> bytes:
    """Return what stands for some bytes within this process.

    Python's hash of bytes is SipHash with a key of the process (PEP 456): it costs a fraction of what a cryptographic
    hash does, and nobody can prepare two texts that are taken for one.
    """
    return hash(data).to_bytes(_DIGEST, "little", signed=True)
