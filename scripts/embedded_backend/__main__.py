"""Runs the embedded backend by itself: `python -m embedded_backend --home DIR`."""

import argparse
import asyncio
import dataclasses
import signal
import sys
from pathlib import Path
from typing import Any

import orjson

from embedded_backend import Backend, Received, Rules


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="embedded_backend", description="A loopback stand-in for the Codex backend.")
    parser.add_argument("--home", type=Path, required=True, help="folder of the PEM files, made if it is missing")
    parser.add_argument("--record", type=Path, help="append what arrives to this file, one JSON object a line")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a field of Rules, repeatable")
    asyncio.run(_serve(parser.parse_args(argv)))
    return 0


def _rules(settings: list[str]) -> Rules:
    known = {each.name for each in dataclasses.fields(Rules)}
    changes = dict[str, Any]()
    for name, _, value in (setting.partition("=") for setting in settings):
        if name not in known:
            sys.exit(f"embedded_backend: no such rule: {name}")
        changes[name] = orjson.loads(value)
    return dataclasses.replace(Rules(), **changes)


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def record(received: Received) -> None:
        if options.record:
            with options.record.open("ab") as lines:
                lines.write(received.to_line())

    async with Backend(_rules(options.set), home=options.home, on_received=record) as backend:
        ready = {"port": backend.port, "connect_port": backend.connect_port, "ca_file": str(backend.ca_file)}
        print(orjson.dumps(ready).decode(), flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
