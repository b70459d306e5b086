"""Short fingerprints, so that ids can be told apart in a journal or on a screen without being shown.

Each is an HMAC with a secret of this machine: whoever reads a journal cannot find out an id by trying likely ones, and
two journals of one machine can still be compared.
"""

import errno
import functools
import hmac
import os
import secrets
from pathlib import Path

_LENGTH = 12
_REMEMBERED = 4096
_SECRET = 32
"""Bytes of a secret."""

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
    return secrets.token_bytes(_SECRET)


def load_secret(folder: Path) -> bytes:
    """Return this machine's secret, made at the first use, readable by its user alone. Raises OSError.

    A secret is added to the end of the file and read from its start: of proxies that start at once each may add one,
    and all of them read the first.
    """
    path = folder / SECRET_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if len(known := _read(path)) < _SECRET:
        _append(path, fresh_secret())
        known = _read(path)
    if len(known) < _SECRET:
        raise OSError(errno.EIO, f"{SECRET_FILE} does not keep what is written to it")
    return known


def _read(path: Path) -> bytes:
    """Return what there is of the first secret; the file may be a link to a device that has no end."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(_SECRET)


def _append(path: Path, secret: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, secret)
    finally:
        os.close(descriptor)
