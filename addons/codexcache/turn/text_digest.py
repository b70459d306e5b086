"""A text as what it is compared by, which can be kept and stored in place of the text itself."""

import functools
import zlib
from dataclasses import dataclass, field
from itertools import batched

from .item_list import digest
from .shape import NO_SHAPE, Shape, shape_of

_BLOCK = 32
"""Characters of a block; how far two texts are equal is known by blocks."""

_CHECKSUM = 4
"""Bytes of the checksum of a beginning."""


@dataclass(frozen=True, slots=True)
class TextDigest:
    """A text's digest, its length in characters, and the checksums of its first one, two, three, ... blocks.

    The shape says what two different texts differ in. It is not stored by older versions, so it is not compared.
    """

    digest: int
    length: int
    checksums: bytes
    shape: Shape = field(default=NO_SHAPE, compare=False)

    def common_length(self, other: "TextDigest") -> int:
        """Return how many characters two texts begin with in common, in whole blocks."""
        if self == other:
            return self.length
        low, high = 0, min(len(self.checksums), len(other.checksums)) // _CHECKSUM
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._checksum(middle) == other._checksum(middle) else (low, middle - 1)
        return low * _BLOCK

    def _checksum(self, blocks: int) -> bytes:
        return self.checksums[(blocks - 1) * _CHECKSUM : blocks * _CHECKSUM]


EMPTY = TextDigest(0, 0, b"")
"""The digest of an empty text."""


@functools.lru_cache(maxsize=256)
def digest_text(text: str) -> TextDigest:
    """Return the digest of a text; it is cached, because the instructions of an agent come with each turn."""
    if not text:
        return EMPTY
    checksum, checksums, encoded = 0, bytearray(), text.encode("utf-8", "surrogatepass")
    for block in batched(text, _BLOCK):
        checksum = zlib.crc32("".join(block).encode("utf-8", "surrogatepass"), checksum)
        checksums += checksum.to_bytes(_CHECKSUM, "big")
    if len(text) % _BLOCK:
        del checksums[-_CHECKSUM:]  # only whole blocks can be compared
    return TextDigest(digest(encoded), len(text), bytes(checksums), shape_of(encoded))
