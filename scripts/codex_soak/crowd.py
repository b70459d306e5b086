"""Many conversations side by side, in waves.

Between two waves nobody is connected: what the proxy has then is its own, and can be compared from wave to wave.
"""

import asyncio
from collections.abc import Awaitable, Callable

import websockets
from h2.exceptions import ProtocolError

from codex_soak.agent import Agent
from codex_soak.lines import Address, Broken
from codex_soak.people import person
from codex_soak.plan import Plan
from codex_soak.tally import Tally

type Look = Callable[[], Awaitable[None]]

_PATIENCE = 120.0
"""Seconds that one conversation may take."""

_FAULTS = (OSError, EOFError, TimeoutError, Broken, websockets.WebSocketException, ProtocolError)


class Ended(Exception):
    """A conversation came to no end; the text says which, and why."""


async def play(plan: Plan, address: Address, tally: Tally, busy: Look, quiet: Look) -> None:
    """Have all conversations of a plan, and look at the proxy: `busy` amid each wave, `quiet` once all have left it.

    Raises Ended for the first conversation that breaks, which ends the others.
    """
    for wave in range(plan.waves):
        numbers = range(wave * plan.conversations, (wave + 1) * plan.conversations)
        try:
            await _wave(numbers, plan.lanes, address, tally, busy)
        except* Ended as group:
            raise Ended(str(group.exceptions[0])) from None
        await quiet()


async def _wave(numbers: range, lanes: int, address: Address, tally: Tally, busy: Look) -> None:
    """Have these conversations, some at a time."""
    waiting, middle = iter(numbers), numbers[len(numbers) // 2]

    async def lane() -> None:
        for number in waiting:
            await _converse(number, address, tally)
            if number == middle:
                await busy()

    async with asyncio.TaskGroup() as group:
        for _ in range(lanes):
            group.create_task(lane())


async def _converse(number: int, address: Address, tally: Tally) -> None:
    client = person(number)
    try:
        async with asyncio.timeout(_PATIENCE):
            await Agent(client, address, tally).live()
    except _FAULTS as error:
        raise Ended(f"conversation {number} over {client.transport} broke: {error or type(error).__name__}") from error
