"""The journal's file, to which several proxies may append; and the local secret, with which pseudonyms are made."""

import errno
import os
import secrets
from pathlib import Path


def append(path: str, line: bytes) -> None:
    """Append a line, or a secret, in one write, so that several proxies can share a file. Raises OSError.

    The file is opened for each line: one that was rotated away or deleted is simply created again.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if (written := os.write(file, line)) < len(line):
            _remove_partial(file, written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _remove_partial(file: int, written: int) -> None:
    """Remove a line that was written in part, when the disk is full: the next one would be lost with it."""
    if (end := os.lseek(file, 0, os.SEEK_CUR)) == os.fstat(file).st_size:  # else another proxy has appended since
        os.ftruncate(file, end - written)


_SECRET = 32
"""Bytes of a secret."""

SECRET_FILE = "codex-continuity.secret"


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
        append(str(path), fresh_secret())
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
