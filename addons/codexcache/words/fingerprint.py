"""Short fingerprints, so that ids can be told apart in a journal or on a screen without being shown.

Each is an HMAC with a secret of this machine: whoever reads a journal cannot find out an id by trying likely ones, and
two journals of one machine can still be compared.
"""

import functools
import hmac
import os
import secrets
from pathlib import Path

_LENGTH = 12
_REMEMBERED = 4096
SECRET_FILE = "codex-continuity.secret"


class Fingerprints:
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


def fresh_secret() -> bytes:
    """Return a new secret."""
    return secrets.token_bytes(32)


def load_secret(folder: Path) -> bytes:
    """Return this machine's secret, made at the first use, readable by its user alone. Raises OSError."""
    path = folder / SECRET_FILE
    if path.exists() and len(known := path.read_bytes()) >= 32:
        return known
    folder.mkdir(parents=True, exist_ok=True)
    secret = fresh_secret()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
    return secret
