"""Sends the day through a proxy against the embedded backend, by a clock that stands still between turns."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from embedded_backend import Backend
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from codex_pictures.conversations import day

MORNING = 1_772_530_800.0
"""2026-03-03 09:40:00 in UTC."""
DAY = 86_400.0

ADDON = Path(__file__).parents[2] / "addons" / "codex_continuity.py"

_URL = "https://chatgpt.com/backend-api/codex/responses"
_ANSWERED_IN = 1.5  # seconds


class Clock:
    """A clock that shows the seconds since the epoch that were set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def answer(self, _: object) -> None:
        """Let the time pass that an answer takes."""
        self.now += _ANSWERED_IN


async def play(home: Path, starts: float, **settings: Any) -> None:
    """Send the day's turns through a proxy with these options of mitmproxy's and the addon's."""
    clock = Clock(starts)
    async with (
        Backend(home=home / "backend", clock=clock, on_received=clock.answer) as backend,
        _proxy(backend, home / "proxy", **settings) as url,
    ):
        tls = ssl.create_default_context(cafile=str(home / "proxy" / "mitmproxy-ca-cert.pem"))
        with mock.patch.object(time, "time", clock):
            for number, turn in enumerate(day(), start=1):
                clock.now = starts + turn.at
                async with httpx.AsyncClient(verify=tls, proxy=url, trust_env=False, timeout=30) as client:
                    response = await client.post(_URL, json=turn.body(), headers=turn.headers(number))
                response.raise_for_status()


@contextlib.asynccontextmanager
async def _proxy(backend: Backend, confdir: Path, **settings: Any) -> AsyncIterator[str]:
    """Run a proxy with the addon in this process; yield its address."""
    mode = f"upstream:http://127.0.0.1:{backend.connect_port}"
    options = Options(listen_host="127.0.0.1", listen_port=0, confdir=str(confdir), mode=[mode])
    master = DumpMaster(options, with_termlog=False, with_dumper=False)
    trusted = str(backend.ca_file)
    options.update_defer(ssl_verify_upstream_trusted_ca=trusted, scripts=[str(ADDON)], **settings)
    running = asyncio.create_task(master.run())
    server = master.addons.get("proxyserver")
    try:
        while not (server.is_running and server.listen_addrs()) and not running.done():
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.listen_addrs()[0][1]}"
    finally:
        master.shutdown()
        await running
