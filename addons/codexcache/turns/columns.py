"""The items of a prompt, in columns.

A history of a thousand items is remembered for each of many turns, so what is kept of an item is small: digests in one
run of bytes each, sizes and places in arrays. Beside each item's own digest stands one for the whole head up to it, so
that two histories are compared by bisection.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

_DIGEST = 8
"""Bytes of a digest. Of a million items, two are alike by chance once in tens of millions of starts."""


class Item(NamedTuple):
    """One item of the input: its digest, what it is, its size in bytes, and its place in the whole input."""

    digest: bytes
    kind: str
    size: int
    place: int


class Items:
    """The items of a prompt in columns: some 32 bytes an item, so that long histories can be remembered."""

    __slots__ = ("_digests", "_heads", "_kinds", "_places", "_sizes")

    def __init__(self, items: Sequence[Item] = ()) -> None:
        self._digests: bytes = b"".join(item.digest for item in items)
        self._heads: bytes = b"".join(_chain(b"", items))
        self._kinds: tuple[str, ...] = tuple(sys.intern(item.kind) for item in items)
        self._sizes: array[int] = array("I", [item.size for item in items])
        self._places: array[int] = array("I", [item.place for item in items])

    def followed_by(self, items: Sequence[Item]) -> "Items":
        """Return these items and then more."""
        joined, fresh = Items(), Items(items)
        joined._digests = self._digests + fresh._digests
        joined._heads = self._heads + b"".join(_chain(self._heads[-_DIGEST:], items))
        joined._kinds = self._kinds + fresh._kinds
        joined._sizes = self._sizes + fresh._sizes
        joined._places = self._places + fresh._places
        return joined

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, index: int) -> Item:
        at = index * _DIGEST
        return Item(self._digests[at : at + _DIGEST], self._kinds[index], self._sizes[index], self._places[index])

    def head(self, count: int) -> bytes:
        """Return the digest that stands for the first `count` items, at least one."""
        return self._heads[(count - 1) * _DIGEST : count * _DIGEST]

    def digests(self, start: int = 0, end: int | None = None) -> list[bytes]:
        """Return the items' own digests from `start` on, up to `end`."""
        stop = len(self) if end is None else min(end, len(self))
        return [self._digests[at : at + _DIGEST] for at in range(start * _DIGEST, stop * _DIGEST, _DIGEST)]

    def size(self, count: int | None = None) -> int:
        """Return the bytes of the first `count` items, or of all."""
        return sum(self._sizes[:count])

    def kinds(self) -> tuple[str, ...]:
        """Return what each item is."""
        return self._kinds

    def common_head(self, other: "Items") -> int:
        """Return how many items at the head are the same, by bisection over what stands for all items up to one."""
        low, high = 0, min(len(self), len(other))
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.head(middle) == other.head(middle) else (low, middle - 1)
        return low


def digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST).digest()


def _chain(root: bytes, items: Iterable[Item]) -> Iterator[bytes]:
    head = root
    for item in items:
        head = digest(head + item.digest)
        yield head
