"""The journal's file, to which several proxies may append."""

import errno
import os


def append(path: str, line: bytes) -> None:
    """Append a line in one write, so that several proxies can share a journal. Raises OSError.

    The file is opened for each line: one that was rotated away or deleted is simply made again.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if (written := os.write(file, line)) < len(line):
            _take_back(file, written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _take_back(file: int, written: int) -> None:
    """Remove the part of a line for which there was room: the next one would be lost with it."""
    if (end := os.lseek(file, 0, os.SEEK_CUR)) == os.fstat(file).st_size:  # else another proxy has gone on writing
        os.ftruncate(file, end - written)
