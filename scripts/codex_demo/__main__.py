"""Runs the demo: exit status 0 if the addon made the difference, 1 if it did not, 130 if it was interrupted."""

import asyncio
import signal
import sys
import tempfile
from pathlib import Path

import httpx
import websockets

from codex_demo import proxies, table, usage
from codex_demo.show import show

_LONGEST = 100  # seconds
_FAULTS = (OSError, httpx.HTTPError, websockets.WebSocketException, proxies.NotStarted, usage.TurnFailed)


def main() -> int:
    """Shows the four arms and prints the table."""
    try:
        arms = asyncio.run(_show())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except _FAULTS as error:
        print(f"\nThe demo came to no end: {error or type(error).__name__}", file=sys.stderr)
        return 1
    print("\n" + table.render(arms))
    return 0 if usage.is_shown(arms) else 1


async def _show() -> list[usage.Arm]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="codex-demo-") as home:
        async with asyncio.timeout(_LONGEST):
            return await show(Path(home), _say)


def _say(text: str) -> None:
    print(text, end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
