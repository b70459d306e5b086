"""A store in use: what a turn waits for, what is written, and what is said of faults."""

import asyncio
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

import pytest
from codexcache.state.background_store import BackgroundStore, Pace, Value
from codexcache.state.store import Held, StoreError
from codexcache.state.vault import CHECK, Vault
from support.patience import until

WAIT = 0.05
VAULT = Vault(b"secret")
NAMES = [VAULT.name("x", bytes([number])) for number in range(3)]


class FakeStore:
    """A store in memory that can be made to wait, or to fail."""

    def __init__(self, *, comes_back: bool = True, notice: str | None = None) -> None:
        self.entries: dict[bytes, bytes] = {}
        self.comes_back, self.notice = comes_back, notice
        self.goes_on, self.fault = threading.Event(), ""
        self.goes_on.set()
        self.reads = self.closed = 0
        self.puts: list[int] = []

    def another(self) -> Self:
        return self

    def get(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        self.reads += 1
        self._meet_fault()
        return {name: self.entries[name] for name in names if name in self.entries}

    def put(self, entries: Mapping[bytes, bytes]) -> None:
        self._meet_fault()
        self.puts.append(len(entries))
        self.entries |= entries

    def starting(self, prefix: bytes) -> dict[bytes, bytes]:
        return {name: value for name, value in self.entries.items() if name.startswith(prefix)}

    def claim(self, name: bytes, value: bytes) -> bytes:
        self._meet_fault()
        return self.entries.setdefault(name, value)

    def held(self) -> Held:
        return Held(len(self.entries), 0)

    def clear(self) -> None:
        self.entries = {CHECK: self.entries[CHECK]}

    def close(self) -> None:
        self.closed += 1

    def _meet_fault(self) -> None:
        self.goes_on.wait(5)
        if self.fault:
            raise StoreError(self.fault)


@asynccontextmanager
async def keeping(store: FakeStore, opened: Callable[[], FakeStore] | None = None) -> AsyncIterator[BackgroundStore]:
    background = BackgroundStore("the store", opened or (lambda: store), VAULT, Pace(wait=WAIT, opening=5, pause=0.001))
    background.start()
    try:
        yield background
    finally:
        store.goes_on.set()
        background.close()


async def opened(background: BackgroundStore) -> None:
    await asyncio.wait_for(asyncio.wrap_future(background.opened), 5)


def put(background: BackgroundStore, number: int, value: bytes = b"value") -> None:
    background.put(lambda vault: {NAMES[number]: value})


async def test_what_is_put_is_got_and_lies_in_the_store_encrypted() -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        put(background, 0)
        await until(lambda: NAMES[0] in store.entries)

        assert await background.get(NAMES) == {NAMES[0]: b"value"}
        assert b"value" not in store.entries[NAMES[0]]


async def test_what_was_put_under_another_name_or_secret_is_not_known() -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        store.entries[NAMES[0]] = VAULT.encrypt(NAMES[1], b"moved")
        store.entries[NAMES[1]] = Vault(b"other").encrypt(NAMES[1], b"foreign")
        store.entries[NAMES[2]] = b"x"

        assert await background.get(NAMES) == {}


async def test_what_comes_together_is_written_together() -> None:
    store = FakeStore()
    store.goes_on.clear()
    async with keeping(store) as background:
        for number in range(3):
            put(background, number)
        store.goes_on.set()
        await until(lambda: store.puts)

        assert store.puts == [3]


async def test_of_several_values_of_one_entry_only_the_last_is_made() -> None:
    """They may be turns of one conversation. A value that cannot be made keeps no other from being written."""
    made, store = list[int](), FakeStore()

    def make(number: int) -> bytes:
        made.append(number)
        return bytes([1 // (5 - number)])

    def put_later(number: int, name: bytes) -> None:
        background.put(lambda vault: {name: partial(make, number)})

    store.goes_on.clear()
    async with keeping(store) as background:
        for number, name in enumerate((0, 1, 0, 1, 0, 2)):
            put_later(number, NAMES[name])
        store.goes_on.set()
        await until(lambda: store.puts)

        assert sorted(made) == [3, 4, 5]
        assert set(store.entries) == {CHECK, NAMES[0], NAMES[1]}


async def test_a_store_that_does_not_answer_costs_one_turn_a_moment_and_the_next_ones_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Until it is heard of again."""
    caplog.set_level("INFO")
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        put(background, 0)
        await until(lambda: NAMES[0] in store.entries)
        store.goes_on.clear()
        first, *later = [await timed(background) for _ in range(5)]
        store.goes_on.set()
        await until(lambda: "is back" in caplog.text)

        assert first >= WAIT > max(later)
        assert await background.get(NAMES) == {NAMES[0]: b"value"}
        assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
            "the store cannot be used: it did not answer in time. "
            "Turns go on without what it knows until it answers again."
        ]


async def test_a_moment_in_which_the_whole_process_stands_still_is_no_fault_of_the_store() -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        store.entries[NAMES[0]] = VAULT.encrypt(NAMES[0], b"value")
        store.goes_on.clear()
        reading = asyncio.create_task(background.get(NAMES))
        await asyncio.sleep(0)
        time.sleep(2 * WAIT)
        store.goes_on.set()

        assert await reading == {NAMES[0]: b"value"}


async def timed(background: BackgroundStore) -> float:
    start = time.perf_counter()
    await background.get(NAMES)
    return time.perf_counter() - start


async def test_what_could_not_be_written_is_written_later(caplog: pytest.LogCaptureFixture) -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        store.fault = "the disk is full"
        put(background, 0)
        await until(lambda: "the disk is full" in caplog.text)
        put(background, 1)
        store.fault = ""
        await until(lambda: {*NAMES[:2]} <= store.entries.keys())

    assert caplog.text.count("the disk is full") == 1


async def test_a_turn_waits_for_a_store_that_is_being_made() -> None:
    """Longer than for one that does not answer."""
    is_needed, goes_on = threading.Event(), threading.Event()

    def make() -> FakeStore:
        is_needed.set()
        goes_on.wait(5)
        return store

    store = FakeStore()
    store.entries[NAMES[0]] = VAULT.encrypt(NAMES[0], b"value")
    async with keeping(store, make) as background:
        await asyncio.to_thread(is_needed.wait)
        reading = asyncio.create_task(background.get(NAMES))
        await asyncio.sleep(2 * WAIT)
        goes_on.set()

        assert await reading == {NAMES[0]: b"value"}


async def test_a_server_that_does_not_answer_at_the_start_costs_a_turn_a_moment() -> None:
    store = FakeStore()
    store.goes_on.clear()
    async with keeping(store) as background:
        assert await asyncio.wait_for(background.get(NAMES), 20 * WAIT) == {}


async def test_a_server_that_is_away_at_the_start_is_used_when_it_is_there(caplog: pytest.LogCaptureFixture) -> None:
    store = FakeStore()
    store.fault = "the server cannot be reached"
    async with keeping(store) as background:
        put(background, 0)
        await until(lambda: store.fault in caplog.text)
        assert await background.get(NAMES) == {}
        store.fault = ""
        await until(lambda: NAMES[0] in store.entries)


async def test_a_file_that_cannot_be_opened_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    store = FakeStore(comes_back=False)
    store.fault = "it is read-only"
    async with keeping(store) as background:
        await opened(background)
        put(background, 0)

        assert await background.get(NAMES) == {}
        with pytest.raises(StoreError, match="it is not open"):
            background.held()
    assert "It is not used until the next start." in caplog.text


async def test_what_waits_at_the_end_is_written_and_the_store_is_closed() -> None:
    store = FakeStore()
    async with keeping(store) as background:
        await opened(background)
        put(background, 0)

    assert NAMES[0] in store.entries
    assert store.closed == 2


async def test_a_frozen_store_does_not_hold_up_the_end() -> None:
    store = FakeStore()
    async with keeping(store) as background:
        await opened(background)
        store.goes_on.clear()
        put(background, 0)
        start = time.perf_counter()
        await asyncio.to_thread(background.close, 0.05)

        assert time.perf_counter() - start < 2


async def test_it_tells_what_it_holds_and_forgets_it() -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        put(background, 0)
        await until(lambda: NAMES[0] in store.entries)
        assert background.held() == Held(2, 0)
        background.clear()

        assert store.entries.keys() == {CHECK}


async def test_what_comes_when_the_store_was_given_up_is_not_kept() -> None:
    def fail() -> FakeStore:
        raise StoreError("it is away for good")

    def is_kept(background: BackgroundStore) -> bool:
        def work(vault: Vault) -> dict[bytes, Value]:
            return {}

        known = weakref.ref(work)
        background.put(work)
        del work
        return known() is not None

    async with keeping(FakeStore(), fail) as background:
        await opened(background)
        await until(lambda: not is_kept(background))


async def test_work_that_fails_is_logged_and_keeps_no_other_from_being_done(caplog: pytest.LogCaptureFixture) -> None:
    async with keeping(store := FakeStore()) as background:
        await opened(background)
        background.put(lambda vault: {vault.name("x"): bytes(-1)})
        put(background, 0)
        await until(lambda: NAMES[0] in store.entries)

    assert "A turn could not be stored." in caplog.text
