"""One arm: a backend, a proxy in front of it, and a folder for all that they write.

Both arms run the same copy of the scripts in their own folder, so that a file of the addon can be changed under way.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import copyfile, copytree, ignore_patterns

import orjson
from codex_bench.bare_addon import __file__ as bare_addon
from codex_demo.proxies import ADDON
from embedded_backend import Backend

from codex_faults import probe, program
from codex_faults.talk import LOOPBACK

BARE, OURS = "bare", "ours"


class Arm:
    """A running arm. `journal` is where the addon writes, None without it; `archive` is for journals that are moved."""

    def __init__(self, name: str, home: Path, backend: Backend) -> None:
        self.name, self.home, self.backend = name, home, backend
        self.archive = home / "archive"
        self.archive.mkdir(parents=True)
        self.entry = _scripts(name, home / "scripts")
        self.journal = home / "journal" / "journal.jsonl" if name == OURS else None
        if self.journal:
            self.journal.parent.mkdir()
        self.port = self._probe_port = 0

    @property
    def confdir(self) -> Path:
        """The proxy's folder, with its CA and the secret of its fingerprints."""
        return self.home / "confdir"

    async def start(self) -> None:
        """Starts the proxy, for the first time or again. Raises NotStarted."""
        self.program = await program.start(self._arguments())
        self._probe_port = int((await self.program.says(r"probe listens on (\d+)"))[1])
        self.port = int((await self.program.says(r"listening at \S+?:(\d+)"))[1])
        self.tls = ssl.create_default_context(cafile=str(self.confdir / "mitmproxy-ca-cert.pem"))

    async def tasks(self) -> list[str]:
        """Returns the names of the asyncio tasks in the proxy."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self._probe_port)
        names = await reader.read()
        writer.close()
        await writer.wait_closed()
        return [str(name) for name in orjson.loads(names)]

    def _arguments(self) -> Sequence[str]:
        options = [f"ssl_verify_upstream_trusted_ca={self.backend.ca_file}", f"confdir={self.confdir}"]
        options += [f"codex_journal={self.journal}"] if self.journal else []
        settings = [word for option in options for word in ("--set", option)]
        upstream = f"upstream:http://{LOOPBACK}:{self.backend.connect_port}"
        listen = ["--listen-host", LOOPBACK, "--listen-port", "0", "--mode", upstream, "--flow-detail", "0"]
        return [*listen, "-s", str(self.entry), "-s", str(probe.__file__), *settings]


@asynccontextmanager
async def running(name: str, home: Path) -> AsyncIterator[Arm]:
    """Runs an arm until the block ends."""
    async with Backend(home=home / "authority") as backend:
        arm = Arm(name, home, backend)
        await arm.start()
        try:
            yield arm
        finally:
            await arm.program.stop()


def _scripts(name: str, folder: Path) -> Path:
    """Copies the scripts of an arm into a folder; returns the one that mitmdump is given."""
    copytree(ADDON.parent, folder, ignore=ignore_patterns("__pycache__"))
    if name == OURS:
        return folder / ADDON.name
    return copyfile(bare_addon, folder / "bare_addon.py")
