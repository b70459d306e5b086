"""Two proxies behind HAProxy, with its configuration as it stands in `scripts/examples`."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from codex_demo.proxies import ADDON, Proxy, free_port, mitmdump
from embedded_backend import Backend

CONFIGURATION = Path(__file__).parents[1] / "examples" / "haproxy.cfg"
CA = ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem")
"""The CA with its key, and the part that clients get."""

_LOOPBACK = "127.0.0.1"
_PATIENCE = 10.0  # seconds


def program() -> str | None:
    """Returns the path of HAProxy, or None where it is not installed."""
    return shutil.which("haproxy", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))


@asynccontextmanager
async def two_proxies(backend: Backend, home: Path) -> AsyncIterator[tuple[Proxy, Proxy]]:
    """Starts two proxies that share their CA and nothing else; each keeps a journal in its folder."""
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(_proxy(backend, home / "one"))
        (home / "two").mkdir()
        for name in CA:
            shutil.copy(home / "one" / name, home / "two")
        yield one, await stack.enter_async_context(_proxy(backend, home / "two"))


def _proxy(backend: Backend, home: Path) -> AbstractAsyncContextManager[Proxy]:
    way = ("--mode", f"upstream:http://{_LOOPBACK}:{backend.connect_port}")
    return mitmdump(backend, home, "-s", str(ADDON), *way, "--set", f"codex_journal={home / 'journal.jsonl'}")


@asynccontextmanager
async def haproxy(program: str, one: Proxy, two: Proxy, balance: str) -> AsyncIterator[str]:
    """Starts HAProxy before two proxies, and yields the URL that clients get."""
    bind = f"{_LOOPBACK}:{free_port()}"
    environment = {"CODEX_BIND": bind, "CODEX_BALANCE": balance}
    environment |= {"CODEX_PROXY_ONE": one.address, "CODEX_PROXY_TWO": two.address}
    process = await asyncio.create_subprocess_exec(
        program, "-db", "-f", str(CONFIGURATION), env={**os.environ, **environment}
    )
    try:
        await asyncio.wait_for(_listening(process, bind), _PATIENCE)
        yield f"http://{bind}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process, bind: str) -> None:
    host, _, port = bind.partition(":")
    while process.returncode is None:
        try:
            _reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return await writer.wait_closed()
    raise OSError(f"HAProxy ended with {process.returncode}")
