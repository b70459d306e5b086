"""The store behind the memories: read while a turn waits for a moment, written behind its back.

Two threads use it, each a connection of its own, so that a write that waits for another process delays no turn.
A read that takes too long costs its turn that much, and the next ones nothing: until the store is heard of
again, it counts as empty. What cannot be written is kept for a while and tried again. A store that cannot be opened is
given up. Each fault is said once.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import NamedTuple

from .store import Held, Store, StoreBroken, StoreError, StoreLocked
from .vault import CHECK, Vault

logger = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How long a turn waits for a store, and how long more for one that is being made; the pause between two writes.

    In seconds. What comes in such a pause is written together. `readers` is how many turns are looked up at once.
    """

    wait: float
    opening: float
    pause: float
    readers: int = 1


FILE = Pace(wait=0.25, opening=1.0, pause=1.0)
SERVER = Pace(wait=0.05, opening=1.0, pause=0.01, readers=8)
"""A server may be far away, or frozen; and what it is told, other proxies wait for.

To make its client needs no server, but a package whose import takes a fifth of a second.
"""

_STEPS = 5
"""Steps in which an answer is waited for."""

_TRIES = 12
"""Times that a locked file is tried again, each for some seconds."""

_MOST = 20_000
"""Entries that wait to be written; of more than these the oldest are dropped."""

_AGAIN = (0.5, 30.0)
"""Seconds until a write or a frozen store is tried again, the shortest and the longest pause."""

_LONG = 5.0
"""Seconds that a command of the user's waits for a store."""

_NOT_STORED = "A turn could not be stored."
_ANOTHER_SECRET = "it was filled under another secret; copy codex-continuity.secret from a proxy that uses it"

type Value = bytes | Callable[[], bytes]
"""The value of an entry, or what makes it."""

type Work = Callable[[Vault], Mapping[bytes, Value]]
"""Makes entries to be written, in the writing thread. Of several with one name, only the last one's value is made."""


class BackgroundStore:
    """One store in use. `name` is what it is called in messages, without any credential."""

    def __init__(self, name: str, open_store: Callable[[], Store], vault: Vault, pace: Pace = FILE) -> None:
        self.name, self._open, self._vault, self._pace = name, open_store, vault, pace
        self._reading: Store | None = None
        self._queue = SimpleQueue[Work | None]()
        self._taken: list[Work | None] = []
        self._waiting: OrderedDict[bytes, bytes] = OrderedDict()
        self._done = threading.Event()
        self._is_frozen = self._has_failed = self._is_broken = self._is_over = False
        self._reader = ThreadPoolExecutor(pace.readers, "codex-state-read")
        self._writer = threading.Thread(target=self._run, name="codex-state-write", daemon=True)
        self._opening_until = 0.0
        self._made: Future[None] = Future()
        self.opened: Future[None] = Future()

    def start(self) -> None:
        """Open the store in the background."""
        self._opening_until = time.monotonic() + self._pace.opening
        self._writer.start()

    def deadline(self) -> float:
        """Return until when a turn that is looked up now waits, by `time.monotonic`."""
        return time.monotonic() + self._pace.wait

    async def get(self, names: Sequence[bytes], until: float | None = None) -> dict[bytes, bytes]:
        """Return what the store knows of some entries, decrypted; nothing if it does not say in time."""
        if not names or self._is_frozen or self._is_broken or not await self._is_open():
            return {}
        wait = self._pace.wait if until is None else until - time.monotonic()
        try:
            return await self._in_time(asyncio.wrap_future(self._reader.submit(self._read, names)), wait)
        except StoreBroken as error:
            self._give_up(error)
        except TimeoutError:
            self._freeze("it did not answer in time")
        except StoreError as error:
            self._freeze(str(error))
        return {}

    async def _in_time[T](self, reading: asyncio.Future[T], wait: float) -> T:
        """Return what is read. Raises TimeoutError and StoreError.

        It is waited for in steps: while the whole process stands still, as in a garbage collection, no answer is heard.
        """
        try:
            for _ in range(_STEPS):
                if (await asyncio.wait([reading], timeout=max(0.0, wait) / _STEPS))[0]:
                    return reading.result()
            raise TimeoutError
        finally:
            reading.cancel()

    def put(self, work: Work) -> None:
        """Have entries made and written, unless the store was given up."""
        if not self._is_over:
            self._queue.put(work)

    def held(self) -> Held:
        """Return what the store holds. Raises StoreError."""
        return self._ask(lambda store: store.held(), self._pace.wait)

    def clear(self) -> None:
        """Empty the store. Raises StoreError."""
        self._waiting.clear()
        self._ask(lambda store: store.clear(), _LONG)

    def _ask[T](self, question: Callable[[Store], T], wait: float) -> T:
        if self._reading is None:
            raise StoreError("it is not open")
        try:
            return self._reader.submit(question, self._reading).result(wait)
        except TimeoutError:
            raise StoreError("it did not answer in time") from None

    def close(self, wait: float = 2.0) -> None:
        """Write what is left, and let go of the store."""
        self._done.set()
        self._wake()
        self._reader.shutdown(wait=False, cancel_futures=True)
        if self._writer.is_alive():
            self._writer.join(wait)

    async def _is_open(self) -> bool:
        """Return True if there is a store; a turn that comes while it is being opened waits for it."""
        if self._reading is None and not self._has_failed and not self.opened.done():
            opening = max(0.0, self._opening_until - time.monotonic())
            for step, wait in ((self._made, opening), (self.opened, min(opening, self._pace.wait))):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(step)), wait)
        return self._reading is not None

    def _read(self, names: Sequence[bytes]) -> dict[bytes, bytes]:
        found = self._reading.get(names) if self._reading else {}
        opened = {name: self._vault.decrypt(name, value) for name, value in found.items()}
        return {name: value for name, value in opened.items() if value is not None}

    def _freeze(self, reason: str) -> None:
        """Ask the store nothing until it is heard of again."""
        self._is_frozen = True
        self._say(reason)
        self._wake()

    def _wake(self) -> None:
        """Have the writing thread look around."""
        self._queue.put(None)

    def _give_up(self, error: StoreBroken) -> None:
        """Use the store no more."""
        self._is_broken = True
        self._say(str(error), "The next start sets it aside")

    def _run(self) -> None:
        """Write until the end, and keep nothing from then on."""
        try:
            self._write_on()
        finally:
            self._is_over, self._queue = True, SimpleQueue()

    def _write_on(self) -> None:
        """Open the store, and write until the end."""
        try:
            store = self._opened()
            self._reading = store.another()
        except StoreError as error:
            return self._say(str(error), "It is not used until the next start")
        except Exception:
            return logger.exception(f"{self.name} cannot be opened.")
        finally:
            self.opened.set_result(None)
        pause = _AGAIN[0]
        while not self._is_broken and (not self._done.is_set() or self._has_work()):
            pause = _AGAIN[0] if self._turn_over(store) else min(2 * pause, _AGAIN[1])
            if self._done.is_set() and (self._has_failed or self._is_frozen):
                break
            self._rest(pause if self._has_failed or self._is_frozen else self._pace.pause)
        store.close()
        self._reading.close()
        return None

    def _opened(self) -> Store:
        """Return the store, if it is this secret's; a server that is away is tried again and again."""
        try:
            store, pause = self._made_store(), _AGAIN[0]
        finally:
            self._made.set_result(None)
        while (known := self._claimed(store)) is None:
            self._rest(pause)
            pause = min(2 * pause, _AGAIN[1])
        if known != self._vault.check:
            store.close()
            raise StoreError(_ANOTHER_SECRET)
        if store.notice:
            logger.warning(f"{self.name}: {store.notice}.")
        self._heard()
        return store

    def _made_store(self) -> Store:
        """Return the store; a file that another process holds is tried again for a while."""
        for _ in range(_TRIES):
            with contextlib.suppress(StoreLocked):
                return self._open()
        return self._open()

    def _claimed(self, store: Store) -> bytes | None:
        """Return whose secret the store is filled with, None where it is still away."""
        try:
            return store.claim(CHECK, self._vault.check)
        except StoreError as error:
            if not store.comes_back or self._done.is_set():
                raise
            self._say(str(error))
            return None

    def _turn_over(self, store: Store) -> bool:
        """Write what has come; return False where that fails."""
        with contextlib.suppress(Empty):
            while True:
                self._taken.append(self._queue.get_nowait())
        work, self._taken = self._taken, []
        self._make([make for make in work if make])
        while len(self._waiting) > _MOST:
            self._waiting.popitem(last=False)
        try:
            if self._waiting:
                store.put(self._waiting)
                self._waiting.clear()
            elif self._is_frozen or self._has_failed:
                store.get([CHECK])
        except StoreBroken as error:
            self._give_up(error)
        except StoreError as error:
            self._say(str(error))
            return False
        else:
            self._heard()
        return True

    def _make(self, work: Sequence[Work]) -> None:
        """Make the entries to be written; what fails keeps no other from being written."""
        made = dict[bytes, Value]()
        for make in work:
            try:
                made |= make(self._vault)
            except Exception:
                logger.exception(_NOT_STORED)
        for name, value in made.items():
            try:
                self._waiting[name] = self._vault.encrypt(name, value if isinstance(value, bytes) else value())
            except Exception:
                logger.exception(_NOT_STORED)

    def _rest(self, pause: float) -> None:
        """Wait for something to do, and until the pause since now is over: what comes after that is written at once."""
        over = time.monotonic() + pause
        if not (self._is_frozen or self._has_failed or self._done.is_set()):
            self._taken.append(self._queue.get())
        if (left := over - time.monotonic()) > 0:
            self._done.wait(left)

    def _has_work(self) -> bool:
        return bool(self._taken or self._waiting) or not self._queue.empty()

    def _heard(self) -> None:
        if self._has_failed:
            logger.info(f"{self.name} is back.")
        self._has_failed = self._is_frozen = False

    def _say(self, reason: str, consequence: str = "Turns go on without what it knows until it answers again") -> None:
        """Say why the store cannot be used, once until it can."""
        if not self._has_failed:
            self._has_failed = True
            logger.warning(f"{self.name} cannot be used: {reason}. {consequence}.")
