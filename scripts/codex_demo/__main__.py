"""Runs the demo: exit status 0 if the addon made the difference, 1 if it did not, 130 if it was interrupted."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import websockets

from codex_demo import proxies, table, usage
from codex_demo.show import show

_LONGEST = 100  # seconds
_FAULTS = (OSError, httpx.HTTPError, websockets.WebSocketException, proxies.NotStarted, usage.TurnFailed)


def main(argv: Sequence[str] | None = None) -> int:
    """Shows the four arms and prints the table."""
    _parser().parse_args(argv)
    try:
        arms = asyncio.run(_show())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except _FAULTS as error:
        print(f"\nThe demo came to no end: {error or type(error).__name__}", file=sys.stderr)
        return 1
    print("\n" + table.render(arms))
    return 0 if usage.is_shown(arms) else 1


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="scripts/demo",
        description="Has one conversation over HTTP and over WebSocket, each without and with the addon, against the "
        "embedded backend, and prints a table of its cached tokens. It takes about three seconds and no arguments. "
        "Loopback only.",
        epilog="The exit status is 0 if the addon made the difference, 1 if it did not, 130 after Ctrl-C.",
    )


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
