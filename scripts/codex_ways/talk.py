"""A client as a process: `python -m codex_ways.talk NAME DOOR` has two conversations and prints their counters."""

import asyncio
import sys
from dataclasses import asdict

import orjson
from codex_demo.usage import Usage

from codex_ways.client import KINDS, Door, by_http, by_websocket, converse

type Counters = dict[str, list[Usage]]
"""The counters of each conversation's turns, by transport."""


async def talk(name: str, door: Door) -> Counters:
    """Has a conversation by HTTP that bears nothing, and one by WebSocket that bears a session."""
    return {
        "HTTP": await converse([door], KINDS["nothing"], by_http, account=f"{name} by HTTP"),
        "WebSocket": await converse([door], KINDS["a session"], by_websocket, account=f"{name} by WebSocket"),
    }


def to_line(counters: Counters) -> bytes:
    """Returns one JSON line."""
    return orjson.dumps({name: [asdict(turn) for turn in turns] for name, turns in counters.items()})


def from_line(line: bytes) -> Counters:
    """Reads what `to_line` wrote."""
    return {name: [Usage(**turn) for turn in turns] for name, turns in orjson.loads(line).items()}


def door_to_line(door: Door) -> str:
    """Returns the door as an argument of this program."""
    return orjson.dumps(asdict(door)).decode()


def main(argv: list[str]) -> int:
    """Prints the counters."""
    name, door = argv
    print(to_line(asyncio.run(talk(name, Door(**orjson.loads(door))))).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
