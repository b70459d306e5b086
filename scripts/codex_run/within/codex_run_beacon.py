"""Runs inside the launcher's mitmproxy: says that it listens, reports at the end, and sees to it that there is one.

Standard input is a socket to the launcher, a JSON object a line in both directions. When the launcher is gone without
a farewell (it was killed), the proxy stays for as long as the client does.
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

from mitmproxy import ctx
from mitmproxy.proxy import mode_specs

AUTH = "CODEX_RUN_UPSTREAM_AUTH"
ROOM = "CODEX_RUN_ROOM"

_MOST = 50
_SETTLED, _STEP = 0.5, 0.02
"""Seconds in which connections of a client that has ended are seen to end."""


class Heard(logging.Handler):
    """Keeps what the addon warned of, each sentence once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.sentences: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if (
            record.name != "codexcache.hooks.connection_stats" and len(self.sentences) < _MOST
        ):  # the report says it better
            self.sentences[record.getMessage()] = None

    def take(self) -> list[str]:
        """Return what was not taken yet."""
        taken = list(self.sentences)
        self.sentences.clear()
        return taken


class Beacon:
    """Talks with the launcher."""

    name = "codex_run_beacon"

    def __init__(self) -> None:
        self._heard = Heard()
        self._task: asyncio.Task[None] | None = None
        self._client: int | None = None

    def load(self, loader: object) -> None:
        logging.getLogger("codexcache").addHandler(self._heard)
        if auth := os.environ.get(AUTH):
            ctx.options.update(upstream_auth=auth)  # on the command line anyone on this machine could read it

    def running(self) -> None:
        self._task = asyncio.create_task(self._talk())

    def done(self) -> None:
        logging.getLogger("codexcache").removeHandler(self._heard)

    async def _talk(self) -> None:
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=0))
        with contextlib.suppress(ConnectionError):
            _send(writer, _listening() | {"warnings": self._heard.take()})
            if await self._is_dismissed(reader):
                await _settled()
                _send(writer, _report() | {"warnings": self._heard.take()})
                await writer.drain()
                ctx.master.shutdown()
                return
        await self._outlive()

    async def _is_dismissed(self, reader: asyncio.StreamReader) -> bool:
        """Tell whether the launcher says that it is over, rather than being gone."""
        while line := await reader.readline():
            said = json.loads(line)
            if "client" in said:
                self._client = _handle(said["client"])
            elif "end" in said:
                return True
        return False

    async def _outlive(self) -> None:
        """Stay until the client has ended, then clear up in the launcher's place."""
        if self._client is not None:
            await _readable(self._client)
        shutil.rmtree(os.environ.get(ROOM, ""), ignore_errors=True)
        ctx.master.shutdown()


def _listening() -> dict[str, Any]:
    """Return where the client's proxy is, its CA, and the page for the user; no port if no mode serves a client."""
    servers: Any = ctx.master.addons.get("proxyserver").servers
    kinds = (mode_specs.RegularMode, mode_specs.UpstreamMode)
    addresses = [address for each in servers if isinstance(each.mode, kinds) for address in each.listen_addrs]
    auth: Any = ctx.master.addons.get("webauth")
    return {
        "address": list(addresses[0][:2]) if addresses else None,
        "ca": str(Path(ctx.options.confdir).expanduser().absolute() / "mitmproxy-ca-cert.pem"),
        "page": auth.web_url if auth else None,
    }


def _report() -> dict[str, Any]:
    addons: Any = ctx.master.addons
    return {
        "summary": addons.get("codex_continuity").notifier.summary.lines(),
        "arrivals": addons.get("codex_continuity").connection_stats.report(),
        "mode": ctx.options.codex_mode,
    }


async def _settled() -> None:
    """Wait until the ended client's connections are seen to be closed, but not for what it left running."""
    proxy: Any = ctx.master.addons.get("proxyserver")
    for _ in range(round(_SETTLED / _STEP)):
        if not proxy.connections:
            break
        await asyncio.sleep(_STEP)


def _send(writer: asyncio.StreamWriter, said: dict[str, Any]) -> None:
    writer.write(json.dumps(said).encode() + b"\n")


def _handle(pid: int) -> int | None:
    """Return a descriptor that can be read once the process has ended, None where the system has no such thing."""
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


async def _readable(descriptor: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    await ended.wait()


addons = [Beacon()]
