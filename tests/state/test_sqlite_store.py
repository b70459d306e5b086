"""A store in a file: shared, bounded by size and age, and its user's alone."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from codexcache.state.sqlite_store import VERSION, SqliteStore
from codexcache.state.store import StoreBroken, StoreError, StoreLocked

MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "state.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[SqliteStore]:
    opened = SqliteStore(path, MIB, 100, clock)
    yield opened
    opened.close()


def test_what_is_put_is_got_also_by_another_process_and_after_a_restart(
    path: Path, store: SqliteStore, clock: Clock
) -> None:
    store.put({b"a": b"1", b"b": b"2"})
    store.put({b"b": b"3"})
    other = SqliteStore(path, MIB, 100, clock)

    assert other.get([b"a", b"b", b"c"]) == store.get([b"a", b"b", b"c"]) == {b"a": b"1", b"b": b"3"}
    other.close()


def test_an_entry_is_forgotten_at_its_age(store: SqliteStore, clock: Clock) -> None:
    store.put({b"a": b"1"})
    clock.now += 60
    store.put({b"b": b"2"})
    clock.now += 60

    assert store.get([b"a", b"b"]) == {b"b": b"2"}
    store.put({b"c": b"3"})
    assert store.held().entries == 2


def test_a_file_that_becomes_too_large_forgets_its_oldest_entries(store: SqliteStore, clock: Clock, path: Path) -> None:
    names = [b"%d" % number for number in range(100)]
    for name in names:
        clock.now += 0.5
        store.put({name: bytes(50_000)})
    kept = [name for name in names if store.get([name])]

    assert kept == names[-len(kept) :]
    assert 10 < len(kept) < 30
    assert (store.held().size or 0) <= 1.1 * MIB
    assert path.stat().st_size <= 2 * MIB


def test_of_several_processes_one_claims_a_name_and_it_is_never_forgotten(path: Path, store: SqliteStore) -> None:
    other = SqliteStore(path, MIB, 100, lambda: 2_000_000.0)

    assert (store.claim(b"a", b"1"), other.claim(b"a", b"2")) == (b"1", b"1")
    store.clear()
    assert store.claim(b"a", b"3") == b"1"
    other.close()


def test_it_is_emptied(store: SqliteStore) -> None:
    store.put({b"a": b"1"})
    store.clear()

    assert (store.get([b"a"]), store.held().entries) == ({}, 0)


def test_only_its_user_can_read_it(path: Path, store: SqliteStore) -> None:
    store.put({b"a": b"1"})

    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir()} == {0o600}


def test_a_damaged_file_is_set_aside(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    store = SqliteStore(path, MIB, 100, Clock())

    assert store.notice == "it was no database any more, and was set aside as state.sqlite.corrupt-1000000"
    assert (path.parent / "state.sqlite.corrupt-1000000").read_bytes().startswith(b"no database")
    assert store.held().entries == 0
    store.close()


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="a newer version of Codex Continuity wrote it, and it is left alone"):
        SqliteStore(path, MIB, 100)
    assert path.read_bytes() == before


def test_what_an_older_version_wrote_is_forgotten(path: Path) -> None:
    """Its values are spelled in another way."""
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE entries (name BLOB PRIMARY KEY, value BLOB NOT NULL, at INTEGER NOT NULL)")
        database.execute("INSERT INTO entries VALUES (x'61', x'62', 999990)")
        database.execute("PRAGMA user_version = 1")
    database.close()
    store = SqliteStore(path, MIB, 100, Clock())
    store.put({b"b": b"2"})

    assert (store.get([b"a", b"b"]), store.held().entries, store.notice) == ({b"b": b"2"}, 1, None)
    store.close()


def test_a_second_thread_sees_what_the_first_has_written(store: SqliteStore) -> None:
    other = store.another()
    store.put({b"a": b"1"})

    assert other.get([b"a"]) == {b"a": b"1"}
    other.close()
    assert store.get([b"a"]) == {b"a": b"1"}


def test_a_path_that_is_a_folder_cannot_be_used(path: Path) -> None:
    path.mkdir(parents=True)

    with pytest.raises(StoreError):
        SqliteStore(path, MIB, 100)


_WRITER = """
import sys, pathlib
from codexcache.state.sqlite_store import SqliteStore
store, batch = SqliteStore(pathlib.Path(sys.argv[1]), 1 << 26, 1e9), int(sys.argv[2])
while True:
    store.put({b"%d.%d" % (batch, item): bytes(2_000) for item in range(20)})
    print(batch, flush=True)
    batch += 1
"""


def test_a_writer_that_is_killed_loses_no_batch_that_it_had_finished(path: Path) -> None:
    """Fifty times, each in the middle of its work."""
    addons, finished = Path(__file__).parents[2] / "addons", -1
    for _ in range(50):
        command = [sys.executable, "-c", _WRITER, str(path), str(finished + 1)]
        environment = {**os.environ, "PYTHONPATH": str(addons)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as writer:
            assert writer.stdout
            for _ in range(3):
                finished = int(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            finished = max([finished, *map(int, writer.stdout.read().split())])
        store = SqliteStore(path, 1 << 26, 1e9)
        names = [b"%d.%d" % (batch, item) for batch in range(finished + 1) for item in range(20)]
        found = sum(len(store.get(names[start : start + 500])) for start in range(0, len(names), 500))
        store.close()

        assert (store.notice, found) == (None, len(names))


def test_a_file_of_which_pages_are_damaged_is_set_aside(path: Path, clock: Clock) -> None:
    store = SqliteStore(path, MIB, 100, clock)
    store.put({b"%d" % number: bytes(3_000) for number in range(100)})
    store.close()
    with path.open("r+b") as file:
        file.seek(20_000)
        file.write(b"\xff" * 60_000)
    again = SqliteStore(path, MIB, 100, clock)

    assert again.notice == "it was no database any more, and was set aside as state.sqlite.corrupt-1000000"
    assert again.held().entries == 0
    again.close()


def test_a_file_that_is_damaged_while_it_is_used_is_known_to_be(path: Path, store: SqliteStore) -> None:
    store.put({b"%d" % number: bytes(3_000) for number in range(100)})
    other = sqlite3.connect(path)
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    other.close()
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 300_000)
    fresh = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError):
        fresh.execute("SELECT sum(length(value)) FROM entries").fetchall()
    fresh.close()

    with pytest.raises(StoreBroken, match="the file is damaged"):
        store.put({b"x%d" % number: bytes(3_000) for number in range(300)})


def test_a_file_that_another_process_holds_is_called_locked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codexcache.state.sqlite_store._WAIT", 0.05)
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(StoreLocked, match="another process keeps it locked"):
        SqliteStore(path, MIB, 100)
    other.close()
