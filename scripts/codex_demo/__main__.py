"""Runs the demo: exit status 0 if the addon made the difference, 1 if it did not, 130 if it was interrupted."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit.client import FAULTS
from toolkit.process import NotStarted, exit_status

from codex_demo import arms

_LONGEST = 100  # seconds


def main(argv: Sequence[str] | None = None) -> int:
    """Run the four arms and print the table; return the exit status."""
    argparse.ArgumentParser(
        prog="scripts/demo",
        description="Has one conversation over HTTP and over WebSocket, each without and with the addon, against the "
        "embedded backend, and prints a table of its cached tokens. It takes about three seconds and no arguments. "
        "Loopback only.",
        epilog="The exit status is 0 if the addon made the difference, 1 if it did not, 130 after Ctrl-C.",
    ).parse_args(argv)
    return exit_status(_shown(), "The demo", (*FAULTS, NotStarted))


async def _shown() -> bool:
    with tempfile.TemporaryDirectory(prefix="codex-demo-") as home:
        async with asyncio.timeout(_LONGEST):
            measured = await arms.run(Path(home), lambda text: print(text, end="", flush=True))
    print("\n" + arms.render(measured))
    return arms.is_shown(measured)


if __name__ == "__main__":
    sys.exit(main())
