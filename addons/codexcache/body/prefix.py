"""What is kept of the bytes that a body starts with: their number and a digest, not the bytes themselves.

A conversation of 10 MB would take up 10 MB for as long as it is remembered, and to compare it with the next turn would
take as long as to hash that. So prefixes are compared by digest. It is that of a keyed checksum, GMAC (NIST SP
800-38D), for which processors have instructions: some 20 GB/s. The key is made at the start and never leaves the
process, so nobody can look for two texts with one digest; two that differ have the same by a chance of one in 2**96.

A text is hashed in blocks, each with the digest of those before it, so all prefixes of a text cost one pass together.
And none is hashed but those that may be equal: a prefix is looked up by its probe, a few bytes at a fixed offset, the
last such offset in it. The offsets are the same for all, each some 6 % larger than the one before.
"""

import secrets
from bisect import bisect_right
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MIN_PREFIX = 512
"""Bytes of the shortest prefix that is kept."""

OFFSETS = [int(MIN_PREFIX * 1.06**step) for step in range(200)]
WINDOW = 32
"""The offsets of probes, and the bytes before an offset that are one."""

_BLOCK = 1 << 18
_NONCE = 12
_CIPHER = AESGCM(secrets.token_bytes(16))


type Probe = tuple[int, bytes]
"""An offset, and the bytes before it."""


class Prefix(NamedTuple):
    """The first `length` bytes of a text, at least `MIN_PREFIX`."""

    length: int
    digest: bytes
    probe: Probe


class PrefixDigests:
    """The digests of all prefixes of one text."""

    __slots__ = ("_blocks", "text")

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._blocks = [bytes(_NONCE)]

    def prefix(self, length: int) -> Prefix:
        """Return the prefix with this number of bytes."""
        offset = OFFSETS[bisect_right(OFFSETS, length) - 1]
        return Prefix(length, self._digest_of(length), (offset, self.text[offset - WINDOW : offset]))

    def starts_with(self, prefix: Prefix) -> bool:
        """Return True if the text starts with a prefix of another."""
        return prefix.length <= len(self.text) and self._digest_of(prefix.length) == prefix.digest

    def _digest_of(self, length: int) -> bytes:
        full, view = length // _BLOCK, memoryview(self.text)
        for number in range(len(self._blocks), full + 1):
            self._blocks.append(_digest(self._blocks[-1], view[(number - 1) * _BLOCK : number * _BLOCK]))
        return _digest(self._blocks[full], view[full * _BLOCK : length])


def _digest(before: bytes, block: memoryview) -> bytes:
    """Return the digest of a block that comes after others: an authentication tag, of data that is not encrypted."""
    return _CIPHER.encrypt(before[:_NONCE], b"", block)
