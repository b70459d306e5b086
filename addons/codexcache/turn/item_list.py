"""The items of prompts, as shared append-only arrays.

A history of a thousand items is kept for each of many turns, so little is kept of an item: digests, sizes and indexes,
in arrays. A turn that extends another begins with the same items: both share arrays that only grow, and each turn uses
as many of the first entries as it has items. Next to each item's digest there is one for the whole prefix that ends
with it, so two histories are compared by bisection.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from .shape import NO_SHAPE, Shape

_LATEST = 256
"""Items at the end of an input among which answers are looked for."""

_COMPACTED = frozenset({"compaction", "compaction_summary", "context_compaction"})


class Item(NamedTuple):
    """One item of the input: its digest, its kind, its size in bytes, and its index in the whole input.

    `answer` identifies an item that a model made (`items.answer_digest`), 0 for any other; `shape` says what two
    messages of a client differ in (`shape.shape_of`).
    """

    digest: int
    kind: str
    size: int
    input_index: int
    answer: int = 0
    shape: Shape = NO_SHAPE


class Run(NamedTuple):
    """Consecutive items: how many, their bytes, what the first is, and the first's and last's places in the input."""

    length: int
    size: int
    kind: str
    first: int
    last: int


class ItemArrays:
    """Arrays of items, some 44 bytes each. `prefix_digests` and `end_offsets` begin with an entry for no items.

    Few items have a shape: `shaped` holds their indexes, `skeletons` and `contents` what their shapes consist of.

    `append_lock` is a one-item lock: it holds the length, and only the one who takes that out may append in place.
    """

    __slots__ = (
        *("answers", "append_lock", "digests", "end_offsets", "indexes", "kinds", "prefix_digests"),
        *("contents", "shaped", "skeletons"),
    )

    def __init__(self) -> None:
        self.digests, self.prefix_digests, self.answers = array("q"), array("q", [0]), array("q")
        self.kinds: list[str] = []
        self.end_offsets = array("Q", [0])  # bytes of all items up to this one
        self.indexes, self.shaped = array("I"), array("I")
        self.skeletons, self.contents = array("q"), array("q")
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
        if items:
            self._extend(items)
        self.append_lock.append(count := len(self.indexes))
        return count

    def _extend(self, items: Sequence[Item]) -> None:
        """Append items column by column, which takes half of the time that it takes item by item."""
        start, prefix, end = len(self.indexes), self.prefix_digests[-1], self.end_offsets[-1]
        self.digests.extend([item.digest for item in items])
        self.prefix_digests.extend([prefix := hash((prefix, item.digest)) for item in items])
        self.kinds += [sys.intern(item.kind) for item in items]
        self.end_offsets.extend([end := end + item.size for item in items])
        self.indexes.extend([item.input_index for item in items])
        self.answers.extend([item.answer for item in items])
        for index, item in enumerate(items, start):
            if item.shape is not NO_SHAPE and item.shape.skeleton:
                self._append_shape(index, item.shape)

    def shape(self, index: int) -> Shape:
        """Return the shape of an item, `NO_SHAPE` where it has none."""
        at = bisect_left(self.shaped, index)
        known = at < len(self.shaped) and self.shaped[at] == index
        return Shape(self.skeletons[at], self.contents[at]) if known else NO_SHAPE

    def _append_shape(self, index: int, shape: Shape) -> None:
        self.skeletons.append(shape.skeleton)
        self.contents.append(shape.contents)
        self.shaped.append(index)  # last: it is what another thread looks for

    def _copy(self, count: int) -> "ItemArrays":
        copy = ItemArrays()
        copy.digests, copy.prefix_digests = self.digests[:count], self.prefix_digests[: count + 1]
        copy.kinds, copy.indexes, copy.answers = self.kinds[:count], self.indexes[:count], self.answers[:count]
        copy.end_offsets = self.end_offsets[: count + 1]
        shaped = bisect_left(self.shaped, count)
        copy.shaped, copy.skeletons, copy.contents = (
            column[:shaped] for column in (self.shaped, self.skeletons, self.contents)
        )
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
        return Item(
            arrays.digests[index],
            arrays.kinds[index],
            size,
            arrays.indexes[index],
            arrays.answers[index],
            arrays.shape(index),
        )

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

    def shapes(self) -> tuple["array[int]", "array[int]", "array[int]"]:
        """Return the indexes of the items that have a shape, their skeletons and their contents."""
        arrays, count = self.arrays, bisect_left(self.arrays.shaped, self._count)
        return arrays.shaped[:count], arrays.skeletons[:count], arrays.contents[:count]

    def latest_answers(self, limit: int) -> list[int]:
        """Return what identifies the model's items among the last ones, at most `limit`, the latest first."""
        answers, found = self.arrays.answers, list[int]()
        for window in (4 * limit, _LATEST):  # nearly always enough, and all that are looked at
            latest = answers[max(0, self._count - min(window, _LATEST)) : self._count]
            found = [*dict.fromkeys(filter(None, reversed(latest)))][:limit]  # a call and its output are one
            if len(found) == limit:
                break
        return found

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
        return Run(end - start, size, arrays.kinds[start], arrays.indexes[start], arrays.indexes[end - 1])

    def kinds(self) -> tuple[str, ...]:
        """Return the kind of each item."""
        return tuple(self.arrays.kinds[: self._count])

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
    return int.from_bytes(sha256(data, usedforsecurity=False).digest()[:8], "big", signed=True)
