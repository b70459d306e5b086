"""mitmweb with a capture, its page open in the browser at a miss."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from codex_demo import proxies

from codex_pictures.browser import Failed, Page, ended
from codex_pictures.clock import Clock, environment

_PASSWORD = "pictures"
_COLUMNS = ("index", "comment")
_PATIENCE = 20.0  # seconds
_STOPPED = Path(__file__).with_name("stopped.py")


def command(name: str, home: Path, capture: Path) -> list[str]:
    """Returns what starts one of mitmproxy's programs with a capture and the addon, and without a proxy."""
    scripts = ["-s", str(_STOPPED), "-s", str(proxies.ADDON)]
    return [str(Path(sys.executable).with_name(name)), "--set", f"confdir={home}", "-nr", str(capture), *scripts]


@contextlib.asynccontextmanager
async def served(home: Path, capture: Path, clock: Clock) -> AsyncIterator[str]:
    """Runs mitmweb until the block ends, which is given the address of its page."""
    port = proxies.free_port()
    settings = [f"web_port={port}", f"web_password={_PASSWORD}", "web_open_browser=false"]
    settings += [f"web_columns={column}" for column in _COLUMNS]
    process = await asyncio.create_subprocess_exec(
        *command("mitmweb", home, capture), *(word for each in settings for word in ("--set", each)),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, env=environment(clock),
    )  # fmt: skip
    try:
        await _answering(process, port)
        yield f"http://127.0.0.1:{port}/?token={_PASSWORD}"
    finally:
        await ended(process)


async def show_miss(page: Page, verdict: str) -> None:
    """Opens the page of the first turn with a verdict in the view "Codex cache"."""
    await _click(page, ".flow-table tbody tr", verdict)
    await _click(page, ".contentview .controls a", "View:")
    await _click(page, ".dropdown-menu.show a", "codex cache")
    await page.until(f"document.querySelector('.contentview').innerText.includes('miss: {verdict}')")
    await page.run("document.querySelector('.contentview').scrollIntoView()")


async def _click(page: Page, selector: str, text: str) -> None:
    """Clicks on the first element with a text, as soon as it is there."""
    await page.until(_found(selector, text))
    await page.run(f"{_found(selector, text)}.click()")


def _found(selector: str, text: str) -> str:
    holds = f"each => each.innerText.toLowerCase().includes('{text.lower()}')"
    return f"[...document.querySelectorAll('{selector}')].find({holds})"


async def _answering(process: asyncio.subprocess.Process, port: int) -> None:
    """Waits until the page can be had."""
    async with asyncio.timeout(_PATIENCE):
        while process.returncode is None:
            with contextlib.suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                return writer.close()
            await asyncio.sleep(0.05)
    raise Failed("mitmweb ended before its page could be had")
