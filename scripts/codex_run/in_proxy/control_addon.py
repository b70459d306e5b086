"""Runs inside the launcher's mitmproxy: tells when it listens, reports at the end, and ends it.

Standard input is a socket to the launcher, a JSON object a line in both directions. If the launcher is gone without
asking for the report (it was killed), the proxy stays for as long as the client does. The addon has a folder of its
own, since mitmproxy puts an addon's folder before everything that is imported later.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import codexcache
from codexcache.hooks import connection_stats
from mitmproxy import ctx
from mitmproxy.proxy import mode_specs

AUTH = "CODEX_RUN_UPSTREAM_AUTH"
WORK_DIR = "CODEX_RUN_WORK_DIR"

_MOST = 50
_SETTLED, _STEP = 0.5, 0.02  # seconds in which connections of a client that has ended are seen to end


class Warnings(logging.Handler):
    """Keeps the addon's warnings, each sentence once, but for those on connections: the report has these."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning."""
        if record.name != connection_stats.logger.name and len(self.sentences) < _MOST:
            self.sentences[record.getMessage()] = None

    def take(self) -> list[str]:
        """Return the sentences that were not taken yet."""
        taken = list(self.sentences)
        self.sentences.clear()
        return taken


class ControlAddon:
    """Exchanges messages with the launcher."""

    name = "codex_run_control"

    def __init__(self) -> None:
        self._logger = logging.getLogger(codexcache.__name__)
        self._warnings = Warnings()
        self._task: asyncio.Task[None] | None = None
        self._client: int | None = None  # a descriptor that can be read once the client has ended

    def load(self, loader: object) -> None:
        self._logger.addHandler(self._warnings)
        if auth := os.environ.get(AUTH):
            ctx.options.update(upstream_auth=auth)  # on the command line anyone on this machine could read it

    def running(self) -> None:
        self._task = asyncio.create_task(self._talk())

    def done(self) -> None:
        self._logger.removeHandler(self._warnings)

    async def _talk(self) -> None:
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=0))
        with contextlib.suppress(ConnectionError):
            self._send(writer, _listening())
            if await self._is_end_asked_for(reader):
                await _settled()
                addon: Any = ctx.master.addons.get("codex_continuity")
                summary, seen = addon.notifier.summary, addon.connection_stats.report()
                turns = {"summary": summary.lines(), "amounts": summary.amounts, "arrivals": seen}
                self._send(writer, turns | {"mode": ctx.options.codex_mode})
                await writer.drain()
                ctx.master.shutdown()
                return
        await self._outlive()

    def _send(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        writer.write(json.dumps(message | {"warnings": self._warnings.take()}).encode() + b"\n")

    async def _is_end_asked_for(self, reader: asyncio.StreamReader) -> bool:
        """Return whether the launcher asks for the end, rather than being gone."""
        while line := await reader.readline():
            message = json.loads(line)
            if "client" in message:
                with contextlib.suppress(OSError, AttributeError):  # not every system has such handles
                    self._client = os.pidfd_open(message["client"])
            elif "end" in message:
                return True
        return False

    async def _outlive(self) -> None:
        """Stay until the client has ended, then remove the working folder in the launcher's place."""
        if self._client is not None:
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(self._client, ended.set)
            await ended.wait()
        shutil.rmtree(os.environ.get(WORK_DIR, ""), ignore_errors=True)
        ctx.master.shutdown()


def _listening() -> dict[str, Any]:
    """Return where the client's proxy is, its CA, and the page for the user; no address if no mode serves a client."""
    servers: Any = ctx.master.addons.get("proxyserver").servers
    kinds = (mode_specs.RegularMode, mode_specs.UpstreamMode)
    addresses = [address for each in servers if isinstance(each.mode, kinds) for address in each.listen_addrs]
    auth: Any = ctx.master.addons.get("webauth")
    return {
        "address": list(addresses[0][:2]) if addresses else None,
        "ca": str(Path(ctx.options.confdir).expanduser().absolute() / "mitmproxy-ca-cert.pem"),
        "page": auth.web_url if auth else None,
    }


async def _settled() -> None:
    """Wait until the ended client's connections are closed, but not for those of processes that it left running."""
    proxy: Any = ctx.master.addons.get("proxyserver")
    for _ in range(round(_SETTLED / _STEP)):
        if not proxy.connections:
            break
        await asyncio.sleep(_STEP)


addons = [ControlAddon()]
