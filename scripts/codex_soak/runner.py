"""Many clients at the same time, in waves.

Between two waves no client is connected: what the proxy holds then is its own, and can be compared from wave to wave.
"""

import asyncio
from collections.abc import Awaitable, Callable

import h11
from h2.exceptions import ProtocolError
from toolkit.process import Proxy
from wsproto.utilities import LocalProtocolError

from codex_soak.client import Client, WrongAnswer
from codex_soak.counters import Counters
from codex_soak.plan import Plan
from codex_soak.profiles import profile

type Look = Callable[[], Awaitable[None]]

_PATIENCE = 120.0
"""Seconds that one conversation may take."""

_FAULTS = (OSError, EOFError, WrongAnswer, h11.ProtocolError, ProtocolError, LocalProtocolError)


class Broken(Exception):
    """A conversation broke; the text says which, and why."""


async def run_clients(plan: Plan, proxy: Proxy, counters: Counters, during: Look, after: Look) -> None:
    """Run all clients of a plan, and look at the proxy: `during` each wave, and `after` it, once all have left.

    Raises Broken for the first conversation that breaks, which ends the others.
    """
    for wave in range(plan.waves):
        numbers = range(wave * plan.conversations, (wave + 1) * plan.conversations)
        try:
            await _wave(numbers, plan.parallel, proxy, counters, during)
        except* Broken as group:
            raise Broken(str(group.exceptions[0])) from None
        await after()


async def _wave(numbers: range, parallel: int, proxy: Proxy, counters: Counters, during: Look) -> None:
    waiting, middle = iter(numbers), numbers[len(numbers) // 2]

    async def worker() -> None:
        for number in waiting:
            await _run(number, proxy, counters)
            if number == middle:
                await during()

    async with asyncio.TaskGroup() as group:
        for _ in range(parallel):
            group.create_task(worker())


async def _run(number: int, proxy: Proxy, counters: Counters) -> None:
    about = profile(number)
    try:
        async with asyncio.timeout(_PATIENCE):
            await Client(about, proxy, counters).run()
    except _FAULTS as error:
        raise Broken(f"conversation {number} over {about.transport} broke: {error or type(error).__name__}") from error
