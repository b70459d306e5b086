"""What a day's turns came to, as each start of a proxy writes it and a status line reads it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from codexcache.state import today
from codexcache.state.sqlite_store import SqliteStore
from codexcache.state.store import StoreError
from codexcache.state.today import DayTotals, Miss, Today, decode, encode, totals_of_day
from codexcache.state.vault import Vault

VAULT = Vault(b"secret")
EARLY, LATE = Miss(1.0, "tools_changed", "a tool was added"), Miss(2.0, "expired", "an hour had passed")
AGE = 1_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def written(file: Path, *entries: dict[bytes, Callable[[], bytes]]) -> None:
    store = SqliteStore(file, 1 << 20, AGE)
    for some in entries:
        store.put({name: VAULT.encrypt(name, value()) for name, value in some.items()})
    store.close()


def test_turns_of_several_starts_add_up(file: Path) -> None:
    one, other, day = Today("one"), Today("other"), today.day_of(0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: 0)
        one.add(DayTotals(1, 100, 50, 20, 10, EARLY), VAULT)
        written(file, one.add(DayTotals(1, 100, 100), VAULT), other.add(DayTotals(1, 30, 0, 30, 0, LATE), VAULT))

    store = SqliteStore.to_read(file, AGE)
    assert totals_of_day(store, VAULT, day) == DayTotals(3, 230, 150, 50, 10, LATE)
    store.close()


def test_another_day_begins_at_none(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    counted, days = Today("one"), (0.0, 3 * 86_400.0)
    for at in days:
        monkeypatch.setattr(time, "time", lambda at=at: at)
        written(file, counted.add(DayTotals(1, 10, 5), VAULT))

    store = SqliteStore.to_read(file, AGE)
    assert [totals_of_day(store, VAULT, today.day_of(at)) for at in days] == [DayTotals(1, 10, 5)] * 2
    assert totals_of_day(store, VAULT, today.day_of(9 * 86_400.0)) == DayTotals()
    store.close()


def test_a_clock_that_is_put_back_counts_to_the_day_that_it_is(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    counted, days = Today("one"), (30 * 86_400.0, 2 * 86_400.0)
    for at in days:
        monkeypatch.setattr(time, "time", lambda at=at: at)
        written(file, counted.add(DayTotals(1, 10, 5), VAULT))

    store = SqliteStore.to_read(file, 40 * 86_400.0)
    assert [totals_of_day(store, VAULT, today.day_of(at)).turns for at in days] == [1, 1]
    store.close()


def test_another_secret_reads_nothing(file: Path) -> None:
    entry = Today("one").add(DayTotals(1, 10, 5), VAULT)
    written(file, entry)

    store = SqliteStore.to_read(file, AGE)
    day = today.day_of(time.time())
    assert totals_of_day(store, VAULT, day).turns == 1
    assert totals_of_day(store, Vault(b"another"), day) == DayTotals()
    store.close()


def test_a_days_sums_come_back_as_they_were_stored() -> None:
    totals = DayTotals(3, 230, 150, 50, 10, LATE)

    assert decode(encode(totals)) == totals


@pytest.mark.parametrize("value", [b"", b"{}", b"[1,2]", b'[1,2,3,4,5,"x"]', b'["1",2,3,4,5,[0,"",""]]', b"[1.5]"])
def test_what_another_version_wrote_is_passed_over(value: bytes) -> None:
    assert decode(value) is None


def test_a_file_that_is_not_there_is_not_made(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        SqliteStore.to_read(file, AGE)
    assert not file.exists()


def test_a_file_of_another_version_is_left_alone(file: Path) -> None:
    store = SqliteStore(file, 1 << 20, AGE)
    store._database.execute("PRAGMA user_version = 99")
    store.close()

    with pytest.raises(StoreError, match="another version"):
        SqliteStore.to_read(file, AGE)
