"""A real Redis or Valkey server for one test, on a free port of the loopback."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from toolkit.process import LOOPBACK, Program, free_port, start

SERVER = shutil.which("redis-server") or shutil.which("valkey-server") or ""

needs_redis = pytest.mark.skipif(not SERVER, reason="redis-server is not here (Debian's package redis-server)")


class RedisServer:
    """A running server. `client` asks it what the addon has stored."""

    def __init__(self, program: Program, port: int, password: str) -> None:
        self.program, self.port = program, port
        self.url = f"redis://{f':{password}@' if password else ''}{LOOPBACK}:{port}"
        self.client = redis.Redis(host=LOOPBACK, port=port, password=password or None)

    def everything(self) -> bytes:
        """Return the names and the values of all entries."""
        names: Any = self.client.keys(b"*")
        values: Any = self.client.mget(names)
        return b"".join([*names, *values])

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        return self.program.process.pid


@asynccontextmanager
async def running_redis(folder: Path, *, password: str = "", port: int = 0) -> AsyncIterator[RedisServer]:
    """Run a server until the block ends; it keeps nothing on disk."""
    port = port or free_port()
    command = [
        SERVER,
        "--port",
        str(port),
        "--bind",
        LOOPBACK,
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    async with await start([*command, *(["--requirepass", password] if password else [])]) as program:
        server = RedisServer(program, port, password)
        with contextlib.closing(server.client):
            await _answers(server)
            yield server


async def _answers(server: RedisServer) -> None:
    while server.program.process.returncode is None:
        with contextlib.suppress(redis.ConnectionError):
            if server.client.ping():
                return
        await asyncio.sleep(0.01)
    raise AssertionError(server.program.text)
