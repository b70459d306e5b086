"""A headless Chromium, steered by its DevTools protocol over loopback: pages are opened, used and pictured."""

import asyncio
import base64
import contextlib
import itertools
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import websockets

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
_PATIENCE = 30.0  # seconds
_LARGEST = 64 * 1024 * 1024  # bytes of a message; a picture is one


class Failed(Exception):
    """The browser did not do what it was asked to."""


def program() -> str | None:
    """Returns the path of a Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Page:
    """The browser's page."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._session: dict[str, str] = {}

    async def attach(self) -> None:
        """Makes a page, which every later call is about."""
        target = await self.ask("Target.createTarget", url="about:blank")
        attached = await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Calls a method of the protocol and returns its result."""
        number = next(self._numbers)
        call = {"id": number, "method": method, "params": parameters, **self._session}
        await self._socket.send(orjson.dumps(call).decode())
        async with asyncio.timeout(_PATIENCE):
            while (answer := orjson.loads(await self._socket.recv())).get("id") != number:
                continue
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def size(self, width: int, height: int, *, dark: bool = False, scale: float = 1) -> None:
        """Makes the page this large, in light or dark."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        screen = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        await self.ask("Emulation.setDeviceMetricsOverride", **screen)
        await self.ask("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, address: str) -> None:
        """Goes to an address and waits until the page is there."""
        await self.ask("Page.navigate", url=address)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def run(self, script: str) -> Any:
        """Returns what an expression comes to."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    async def until(self, condition: str) -> None:
        """Waits until an expression is true."""
        async with asyncio.timeout(_PATIENCE):
            while not await self.run(f"!!({condition})"):
                await asyncio.sleep(0.05)

    async def picture(self, file: Path, top: float = 0, bottom: float | None = None) -> None:
        """Writes what is seen to a file, between two heights."""
        width, full = await self.run("[innerWidth, innerHeight]")
        clip = {"x": 0, "y": round(top), "width": width, "height": round((bottom or full) - top), "scale": 1}
        answer = await self.ask("Page.captureScreenshot", format="png", clip=clip)
        file.write_bytes(base64.b64decode(answer["data"]))


@contextlib.asynccontextmanager
async def browsing(command: str, profile: Path) -> AsyncIterator[Page]:
    """Runs the browser with a profile of its own until the block ends."""
    process = await asyncio.create_subprocess_exec(
        command, *_FLAGS, f"--user-data-dir={profile}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TZ": "UTC"},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        address = await asyncio.wait_for(_address(process.stderr), _PATIENCE)
        async with websockets.connect(address, max_size=_LARGEST, proxy=None) as socket:
            page = Page(socket)
            await page.attach()
            yield page
    finally:
        await ended(process)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Ends a process, which may have ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    await process.wait()


async def _address(log: asyncio.StreamReader) -> str:
    """Returns where the browser listens, as it says when it starts."""
    while line := (await log.readline()).decode(errors="replace"):
        if line.startswith("DevTools listening on "):
            return line.split()[-1]
    raise Failed("the browser ended before it listened")
