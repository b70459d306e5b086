"""Ids as short pseudonyms, so that they can be compared in a journal or on a screen without being shown.

A pseudonym is an HMAC with a secret of this machine: a reader of a journal cannot find out an id by trying likely ones,
and two journals of one machine can still be compared.
"""

import functools
import hmac
from collections.abc import Mapping

_LENGTH = 12
_REMEMBERED = 4096


class Pseudonyms:
    """Makes pseudonyms with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._made = functools.lru_cache(maxsize=_REMEMBERED)(self._make)  # the same ids come turn by turn

    def of(self, kind: str, value: str | None) -> str | None:
        """Return the pseudonym of a value of some kind: 12 hexadecimal digits, or None for None."""
        return None if value is None else self._made(kind, value)

    def of_all(self, ids: Mapping[str, tuple[str, str | None]]) -> dict[str, str | None]:
        """Return pseudonyms by name, given each one's kind and value; one value has one pseudonym for each kind."""
        return {name: None if value is None else self._made(kind, value) for name, (kind, value) in ids.items()}

    def _make(self, kind: str, value: str) -> str:
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, text, "sha256").hex()[:_LENGTH]
