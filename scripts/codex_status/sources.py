"""What the turns of a day came to, from a journal or from the store that proxies on this machine write."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from codexcache.body.json_splice import Json
from codexcache.report.load import AVOIDABLE, entries, is_warm_up, journal_lines, read_details, read_row
from codexcache.state.sqlite_store import STATE_FILE, SqliteStore
from codexcache.state.store import Store, StoreError
from codexcache.state.today import DayTotals, Miss, day_of, sum_of, totals_of_day
from codexcache.state.vault import SECRET_FILE, SECRET_LENGTH, Vault
from codexcache.verdicts import MISSES

_STEP = 1 << 20
_LONGEST_AGE = 366 * 86_400
_WAIT = 1.0


def of_journal(path: Path, now: float) -> DayTotals:
    """Return what the turns of today came to that a journal has. Raises OSError."""
    day = day_of(now)
    found = (entry for batch in journal_lines(path, _start_of(path, day)) for entry in entries(batch))
    return sum_of(_totals_of_turns(found, day))


def of_store(state: str, confdir: Path, now: float) -> DayTotals:
    """Return what all proxies came to today that use a store. Raises OSError or StoreError."""
    with (confdir / SECRET_FILE).open("rb") as file:
        vault = Vault(file.read(SECRET_LENGTH))
    store = _store(state, confdir)
    try:
        return totals_of_day(store, vault, day_of(now))
    finally:
        store.close()


def _store(state: str, confdir: Path) -> Store:
    if "://" in state:
        from codexcache.state.redis_store import RedisStore  # its client takes a while to load

        return RedisStore(state, _LONGEST_AGE, _WAIT)
    if state == "off":
        raise StoreError("it holds nothing; name a journal")
    return SqliteStore.to_read(confdir / STATE_FILE if state == "on" else Path(state).expanduser(), _LONGEST_AGE)


def _start_of(path: Path, day: str) -> int:
    """Return an offset in a journal, which is sorted by time, before the first turn of a day and not far before."""
    size = path.stat().st_size
    step = _STEP
    while (start := max(0, size - step)) and not _is_before(path, start, day):
        step *= 2
    return start


def _is_before(path: Path, start: int, day: str) -> bool:
    """Return True if the first whole line behind an offset is of an earlier day."""
    for batch in journal_lines(path, start):
        for entry in entries(batch):
            if row := read_row(entry) if not isinstance(entry, bytes) else None:
                return day_of(row.time) < day
    return True


def _totals_of_turns(found: Iterable[Json | bytes], day: str) -> Iterator[DayTotals]:
    """Yield what each turn of the day adds; lines that are no entries, or cut off, are passed over."""
    for entry in found:
        if not isinstance(entry, dict) or is_warm_up(entry) or entry.get("endpoint") == "handshake":
            continue
        if (row := read_row(entry)) and day_of(row.time) == day:
            avoidable = row.resent if row.blame == AVOIDABLE else 0
            is_miss = row.verdict in MISSES
            miss = Miss(row.time, row.verdict, read_details(entry).because) if is_miss else Miss()
            yield DayTotals(1, row.input or 0, row.cached or 0, row.resent, avoidable, miss)
