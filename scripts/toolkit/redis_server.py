"""A real Redis or Valkey server on a free port of the loopback."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from toolkit.process import LOOPBACK, Program, free_port, start

_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])

SERVER = shutil.which("redis-server", path=_PATH) or shutil.which("valkey-server", path=_PATH) or ""
"""The server's path, "" where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """A running server. `url` is its address, with its password; `client` asks it what it holds."""

    program: Program
    port: int
    url: str
    client: redis.Redis

    def everything(self) -> bytes:
        """Return the names and the values of all entries."""
        names: Any = self.client.keys(b"*")
        values: Any = self.client.mget(names)
        return b"".join([*names, *values])

    @property
    def pid(self) -> int:
        """The id of the server's process."""
        return self.program.pid


@asynccontextmanager
async def running_redis(folder: Path, *, password: str = "", port: int = 0) -> AsyncIterator[RedisServer]:
    """Run a server until the block ends; it keeps nothing on disk. Raises NotStarted."""
    port = port or free_port()
    options = {"port": str(port), "bind": LOOPBACK, "save": "", "appendonly": "no", "dir": str(folder)}
    options |= {"requirepass": password} if password else {}
    command = [SERVER, *(word for name, value in options.items() for word in (f"--{name}", value))]
    async with await start(command) as program:
        await program.says("[Rr]eady to accept connections")
        with contextlib.closing(redis.Redis(host=LOOPBACK, port=port, password=password or None)) as client:
            url = f"redis://{f':{password}@' if password else ''}{LOOPBACK}:{port}"
            yield RedisServer(program=program, port=port, url=url, client=client)
