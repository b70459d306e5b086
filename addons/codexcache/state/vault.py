"""Names and values as they are stored: nothing in a store can be read, or guessed, without the local secret.

A name is a keyed digest, so nobody finds out by trying whether a text, an id or a caller is known. A value is encrypted
and bound to its name (AES-GCM, NIST SP 800-38D). With another secret, neither can be read.
"""

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .store import NAME

SECRET_FILE, SECRET_LENGTH = "codex-continuity.secret", 32
"""The file of the local secret, in mitmproxy's confdir, and how many bytes of it count."""

_NONCE = 12
"""Bytes that make two encryptions of one value different."""

CHECK = hashlib.blake2b(b"codex-continuity check", digest_size=NAME).digest()
"""The name of the entry that shows whose secret a store was filled with; it is the same for every secret."""


class Vault:
    """Makes names and values with one secret, of any length."""

    def __init__(self, secret: bytes) -> None:
        self._name_key = _derived(secret, b"names")
        self._cipher = AESGCM(_derived(secret, b"values"))
        self.check = _derived(secret, b"check")

    def name(self, kind: str, *parts: bytes) -> bytes:
        """Return the name of the entry of a kind that some parts identify."""
        digest = hashlib.blake2b(kind.encode(), digest_size=NAME, key=self._name_key)
        for part in parts:
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()

    def encrypt(self, name: bytes, value: bytes) -> bytes:
        """Return a value as it is stored under a name."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, name)

    def decrypt(self, name: bytes, stored: bytes) -> bytes | None:
        """Return what was stored under a name, None if it was not stored so with this secret."""
        try:
            return self._cipher.decrypt(stored[:_NONCE], stored[_NONCE:], name)
        except (InvalidTag, ValueError):
            return None


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, digest_size=32, key=hashlib.sha256(secret).digest()).digest()
