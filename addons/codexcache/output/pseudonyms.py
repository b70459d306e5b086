"""Short fingerprints, so that ids can be told apart in a journal or on a screen without being shown.

Each is an HMAC with a secret of this machine: whoever reads a journal cannot find out an id by trying likely ones, and
two journals of one machine can still be compared.
"""

import functools
import hmac

_LENGTH = 12
_REMEMBERED = 4096


class Pseudonyms:
    """Makes fingerprints with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._made = functools.lru_cache(maxsize=_REMEMBERED)(self._make)  # the same ids come turn by turn

    def of(self, kind: str, value: str | None) -> str | None:
        """Return the fingerprint of a value of some kind: 12 hexadecimal digits, or None for None."""
        return None if value is None else self._made(kind, value)

    def _make(self, kind: str, value: str) -> str:
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, text, "sha256").hex()[:_LENGTH]
