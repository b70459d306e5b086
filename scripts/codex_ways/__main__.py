"""Shows every way in, a line for each: exit status 0 if all were shown that this machine allows."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from codex_demo.proxies import NotStarted

from codex_ways import transparent, ways
from codex_ways.client import FAULTS
from codex_ways.evidence import NotShown
from codex_ways.namespaces import Forbidden


async def shown(name: str, home: Path) -> bool:
    """Shows one way in and says so; False where it did not happen, though the machine would have allowed it."""
    try:
        seen = await (transparent.show(home) if name == "transparent" else ways.show(name, home))
    except Forbidden as reason:
        seen = f"not shown on this machine: {reason}"
    except (*FAULTS, NotStarted, NotShown) as fault:
        print(f"{name:<13}it did not work: {fault or type(fault).__name__}")
        return False
    print(f"{name:<13}{seen}", flush=True)
    return True


async def _show_all(home: Path) -> bool:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results = []
    for name in (*ways.WAYS, "transparent"):
        (home / name).mkdir()
        results.append(await shown(name, home / name))
    return all(results)


def _parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="scripts/ways-in",
        description="Has a conversation by each way in to the proxy, against the embedded backend, and prints a line "
        "for each: regular, reverse, upstream, and transparent where the kernel lets it. It takes about three seconds "
        "and no arguments. Loopback only.",
        epilog="The exit status is 0 if all were shown that this machine allows, 1 if one did not work, 130 after "
        "Ctrl-C.",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the lines."""
    _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="codex-ways-") as home:
        try:
            return 0 if asyncio.run(_show_all(Path(home))) else 1
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130


if __name__ == "__main__":
    sys.exit(main())
