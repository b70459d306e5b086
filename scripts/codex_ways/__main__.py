"""Shows every way in, a line for each: exit status 0 if all were shown that this machine allows."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from toolkit.client import FAULTS
from toolkit.process import NotStarted, exit_status

from codex_ways import transparent, ways


async def shown(name: str, home: Path) -> bool:
    """Show one way in and print its line; return False where it failed though the machine would have allowed it."""
    try:
        seen = await (transparent.show(home) if name == "transparent" else ways.show(name, home))
    except transparent.Forbidden as reason:
        seen = f"not shown on this machine: {reason}"
    except (*FAULTS, NotStarted, ways.NotShown) as fault:
        print(f"{name:<13}it did not work: {fault or type(fault).__name__}")
        return False
    print(f"{name:<13}{seen}", flush=True)
    return True


async def _all_shown() -> bool:
    results = []
    with tempfile.TemporaryDirectory(prefix="codex-ways-") as home:
        for name in (*ways.WAYS, "transparent"):
            (folder := Path(home, name)).mkdir()
            results.append(await shown(name, folder))
    return all(results)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the lines; return the exit status."""
    argparse.ArgumentParser(
        prog="scripts/ways-in",
        description="Has a conversation by each way in to the proxy, against the embedded backend, and prints a line "
        "for each: regular, reverse, upstream, and transparent where the kernel lets it. It takes about three seconds "
        "and no arguments. Loopback only.",
        epilog="The exit status is 0 if all were shown that this machine allows, 1 if one did not work, 130 after "
        "Ctrl-C.",
    ).parse_args(argv)
    return exit_status(_all_shown(), "Showing the ways in", ())


if __name__ == "__main__":
    sys.exit(main())
