"""What a fault is triggered in: a backend, a proxy in front of it, and a folder for all that they write.

The proxies with and without the addon run a copy of the scripts in their own folder, so that a file of the addon can be
changed meanwhile.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

from embedded_backend import Backend
from toolkit import bare_addon, probe, process, program

ADDON, BARE = "addon", "bare"
_ENTRIES = {ADDON: program.ADDON, BARE: Path(bare_addon.__file__)}

_BOUNDS = {
    "bodies": 2 << 20,
    "shared_prefixes": 1 << 19,
    "history": 8 << 20,
    "turns": 2400,
    "lines": 1000,
}
"""Bytes or entries of the addon's memories, enough for a thousand conversations.

They are small so that the memories are soon full: else what is remembered would be taken for a leak.
"""


class Fixture:
    """Running programs. `journal` is where the addon writes, None without it; moved journals are put in `archive`."""

    def __init__(self, name: str, home: Path, backend: Backend) -> None:
        self.name, self.backend = name, backend
        self.archive, self.confdir = home / "archive", home / "confdir"
        self.archive.mkdir(parents=True)
        copytree(program.ADDON.parent, home / "scripts", ignore=ignore_patterns("__pycache__"))
        self.entry = Path(copyfile(_ENTRIES[name], home / "scripts" / _ENTRIES[name].name))
        self.journal = home / "journal" / "journal.jsonl" if name == ADDON else None
        if self.journal:
            self.journal.parent.mkdir()

    async def start(self) -> None:
        """Start the proxy, for the first time or again. Raises NotStarted."""
        proxy = await process.start_mitmdump(
            self.confdir,
            modes=[f"upstream:http://{process.LOOPBACK}:{self.backend.connect_port}"],
            upstream_ca=self.backend.ca_file,
            scripts=[self.entry, probe.ADDON],
            options={"codex_journal": self.journal} if self.journal else {},
        )
        self.program = proxy.program
        self.port, self.tls = proxy.port, proxy.tls()
        self.probe = await probe.connect(self.program)
        if self.journal:
            await self.probe.ask(bounds=_BOUNDS)

    async def ended(self, signal: int) -> int:
        """Send the proxy a signal; return the status with which it ends."""
        self.program.process.send_signal(signal)
        status = await self.program.ended()
        await self.probe.close()
        return status

    async def stop(self) -> None:
        """End the proxy if it runs."""
        await self.probe.close()
        await self.program.stop()


@asynccontextmanager
async def running(name: str, home: Path) -> AsyncIterator[Fixture]:
    """Run a fixture until the block ends."""
    async with Backend(home=home / "authority") as backend:
        fixture = Fixture(name, home, backend)
        await fixture.start()
        try:
            yield fixture
        finally:
            await fixture.stop()
