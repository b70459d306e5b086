"""The store that option `codex_state` names: opened at the start and with each change, closed at the end."""

import logging
import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from pathlib import Path

from mitmproxy import ctx

from ..options import Settings
from ..output.journal import Pseudonyms
from ..state.background_store import FILE, SERVER, BackgroundStore
from ..state.store import Store, StoreError
from ..state.vault import Vault
from ..text import without_credentials
from .notify import load_secret
from .state import State

logger = logging.getLogger(__name__)

_DAY = 86_400
_OPTIONS = {"codex_state", "codex_state_limit", "codex_state_days", "confdir"}


class StateStore:
    """Has the addon's memories kept in a store."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._store: BackgroundStore | None = None
        self._is_running = False

    def running(self) -> None:
        self._is_running = True
        self._open()

    def configure(self, updated: AbstractSet[str]) -> None:
        if self._is_running and updated & _OPTIONS:
            self.done()
            self._open()

    def done(self) -> None:
        if self._store:
            self._store.close()
        self._store = None

    def status(self) -> str:
        """Return what the store is and holds."""
        if self._store is None:
            return "off: what is known is lost with the process"
        try:
            held = self._store.held()
        except StoreError as error:
            return f"{self._store.name}: {error}"
        size = "" if held.entries is None else f": {held.entries:,} entries, {(held.size or 0) / (1 << 20):.1f} MB"
        return f"{self._store.name}{size}"

    def forget(self) -> None:
        """Empty the store. Raises StoreError."""
        if self._store is None:
            raise StoreError("codex_state is off")
        self._store.clear()

    def _open(self) -> None:
        """Open the store in the background, and use it."""
        settings, confdir = self._state.settings, Path(os.path.expanduser(ctx.options.confdir))
        self._state.persistence.use(None, Vault(b""), "")
        if settings.state == "off" or not ctx.options.server:  # as in mitmdump -n, which only reads a capture
            return
        try:
            secret = load_secret(confdir)
        except OSError as error:
            logger.warning(f"codex_state is not used, because there is no local secret: {error.strerror}.")
            return
        vault = Vault(secret)
        pace = SERVER if _is_address(settings.state) else FILE
        name = f"codex_state={without_credentials(settings.state)}"
        self._store = BackgroundStore(name, _opener(settings, confdir), vault, pace)
        self._store.start()
        self._state.persistence.use(self._store, vault, str(Pseudonyms(secret).of("run", self._state.run)))


def _opener(settings: Settings, confdir: Path) -> Callable[[], Store]:
    """Return what opens the store that the options name, and imports what it takes, in the store's own thread."""
    age = settings.state_days * _DAY

    def open_server() -> Store:
        from ..state.redis_store import RedisStore

        return RedisStore(settings.state, age, SERVER.wait)

    def open_file() -> Store:
        from ..state.sqlite_store import STATE_FILE, SqliteStore

        path = confdir / STATE_FILE if settings.state == "on" else Path(os.path.expanduser(settings.state))
        return SqliteStore(path, settings.state_limit, age)

    return open_server if _is_address(settings.state) else open_file


def _is_address(state: str) -> bool:
    return "://" in state
