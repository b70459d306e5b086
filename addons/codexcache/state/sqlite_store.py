"""A store in one file, by the SQLite of Python's standard library; several processes can use it at once.

Write-ahead logging lets them read while one writes, and a process that is killed loses what it had not written, nothing
else (sqlite.org/wal.html). The file is its user's alone. One that is no database is set aside under another name; one
that a newer version wrote is left alone.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from itertools import batched, chain
from pathlib import Path
from typing import Self

from .store import NAME, Held, StoreBroken, StoreError, StoreLocked

VERSION = 2
"""The version of the schema and of the values, in the file's `user_version`."""

STATE_FILE = "codex-continuity.sqlite"
"""The file in mitmproxy's confdir, by default."""

_SCHEMA = """
    DROP TABLE IF EXISTS entries;
    CREATE TABLE IF NOT EXISTS stored (name BLOB PRIMARY KEY, at INTEGER NOT NULL, value BLOB NOT NULL);
"""
"""The table of version 1 is dropped: its values cannot be read. The time stands before the value, so that it is read
without that; an index of it would cost each entry that is written as much as the entry."""

_WAIT = 5.0
"""Seconds that a write waits for another process's; a read waits for none."""

_LOOKS = 10
"""Times in the age of an entry that old ones are looked for."""

_SIZINGS = 50
"""Times that the file's size is looked at while as much is written as it may hold."""

_ROWS = 100
"""Rows of one statement."""

_PAGES_KEPT, _STATEMENTS_KEPT = 512, 16
"""KiB of the file, and prepared statements, that a connection keeps; the system keeps the file's pages as well.

By default it is 2 MB and 128, and as statements differ by their number of rows, all connections came to 10 MB.
"""

_KEPT = 0.9
"""The share of the limit that is kept when it is reached."""


class SqliteStore:
    """Entries in a file of at most about `limit` bytes; each is kept for `age` seconds after it was written."""

    comes_back = False

    def __init__(self, path: Path, limit: int, age: float, clock: Callable[[], float] = time.time) -> None:
        """Open or make the file. Raises StoreError."""
        self._path, self._limit, self._age, self._clock = path, limit, age, clock
        self.notice: str | None = None
        self._forgets_at, self._unsized = 0.0, 0
        with self._faults():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = self._opened()

    @classmethod
    def to_read(cls, path: Path, age: float, clock: Callable[[], float] = time.time) -> Self:
        """Return a store of a file, which is left as it is. Raises StoreError, or OSError where there is no file."""
        path.stat()
        store = cls.__new__(cls)
        store._path, store._limit, store._age, store._clock = path, 0, age, clock
        with store._faults():
            store._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            if store._database.execute("PRAGMA user_version").fetchone() != (VERSION,):
                store.close()
                raise StoreError("another version of Codex Continuity wrote it")
        return store

    def another(self) -> Self:
        other = copy(self)
        with self._faults():
            other._database = self._connected()
        return other

    def get(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        marks = ",".join("?" * len(names))
        with self._faults():
            return dict(
                self._database.execute(
                    f"SELECT name, value FROM stored WHERE name IN ({marks}) AND at > ?",
                    (*names, self._oldest()),
                )
            )

    def starting(self, prefix: bytes) -> dict[bytes, bytes]:
        with self._faults():
            query = "SELECT name, value FROM stored WHERE name BETWEEN ? AND ? AND at > ?"
            return dict(self._database.execute(query, (prefix, prefix + b"\xff" * NAME, self._oldest())))

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        at = int(self._clock())
        rows = [(name, at, value) for name, value in entries.items()]
        with self._faults():
            if len(rows) <= _ROWS:
                self._insert(rows)  # a statement is a transaction of its own
            else:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    for some in batched(rows, _ROWS):
                        self._insert(some)
        self._unsized += sum(map(len, entries.values()))
        self._forget()

    def claim(self, name: bytes, value: bytes) -> bytes:
        with self._faults(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("INSERT OR IGNORE INTO stored VALUES (?, ?, ?)", (name, _FOREVER, value))
            return bytes(self._database.execute("SELECT value FROM stored WHERE name = ?", (name,)).fetchone()[0])

    def held(self) -> Held:
        with self._faults():
            (count,) = self._database.execute("SELECT count(*) FROM stored").fetchone()
            return Held(count, self._size())

    def clear(self) -> None:
        with self._faults():
            with self._database:
                self._database.execute("DELETE FROM stored WHERE at < ?", (_FOREVER,))
            self._database.execute("PRAGMA incremental_vacuum").fetchall()

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._database.close()

    def _insert(self, rows: Sequence[tuple[bytes, int, bytes]]) -> None:
        """Write rows by one statement: the interpreter is let go, and waited for, once."""
        marks = ",".join(["(?, ?, ?)"] * len(rows))
        self._database.execute(
            f"INSERT INTO stored VALUES {marks}"
            " ON CONFLICT (name) DO UPDATE SET at = excluded.at, value = excluded.value",
            [*chain.from_iterable(rows)],
        )

    def _opened(self) -> sqlite3.Connection:
        """Return the database; a file that is none is set aside, and a new one made."""
        try:
            return self._checked()
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise
            aside = self._path.with_name(f"{self._path.name}.corrupt-{int(self._clock())}")
            self._path.rename(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self.notice = f"it was no database any more, and was set aside as {aside.name}"
            return self._checked()

    def _checked(self) -> sqlite3.Connection:
        database = self._connected()
        with _closed_on_fault(database):
            if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise _Damaged
        return database

    def _connected(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # the other files get the mode of this one
        database = sqlite3.connect(
            self._path,
            timeout=_WAIT,
            check_same_thread=False,
            isolation_level=None,
            cached_statements=_STATEMENTS_KEPT,
        )
        with _closed_on_fault(database):
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise StoreError("a newer version of Codex Continuity wrote it, and it is left alone")
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(f"PRAGMA cache_size = -{_PAGES_KEPT}")
            database.executescript(_SCHEMA)
            database.execute(f"PRAGMA user_version = {VERSION}")
        return database

    def _forget(self) -> None:
        """Delete what is too old, now and then, and where the file has become too large, the oldest."""
        with self._faults():
            if self._clock() >= self._forgets_at:
                self._forgets_at = self._clock() + self._age / _LOOKS
                with self._database:
                    self._database.execute("DELETE FROM stored WHERE at <= ?", (self._oldest(),))
            if self._unsized > self._limit / _SIZINGS:
                self._unsized = 0
                if self._size() > self._limit:
                    self._shrink()

    def _shrink(self) -> None:
        surplus, deleted = self._size() - self._limit * _KEPT, 0
        with self._database:
            oldest = "SELECT name, length(value) FROM stored WHERE at < ? ORDER BY at"
            for name, size in self._database.execute(oldest, (_FOREVER,)).fetchall():
                if deleted >= surplus:
                    break
                self._database.execute("DELETE FROM stored WHERE name = ?", (name,))
                deleted += size
        self._database.execute("PRAGMA incremental_vacuum").fetchall()

    def _size(self) -> int:
        """Return the bytes of the file that are in use."""
        pages, free, page = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    def _oldest(self) -> int:
        return int(self._clock() - self._age)

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _error_for(error) from None
        except OSError as error:
            raise StoreError(error.strerror or "it cannot be opened") from None


@contextlib.contextmanager
def _closed_on_fault(database: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


class _Damaged(sqlite3.DatabaseError):
    """What `quick_check` found."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


_FOREVER = 1 << 62
"""The time of an entry that is never forgotten."""


def _is_corrupt(error: sqlite3.Error) -> bool:
    """Return True if a file is no database, or a damaged one, as SQLite or `quick_check` says."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def _error_for(error: sqlite3.Error) -> StoreError:
    if _is_corrupt(error):
        return StoreBroken("the file is damaged")
    is_locked = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return StoreLocked("another process keeps it locked") if is_locked else StoreError(str(error))
