"""Rounds: every arm has the same turn before any arm has the next, in an order that chance decides."""

import asyncio
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from toolkit import meter
from websockets import Frame, Opcode

from codex_bench.client import Client, Times
from codex_bench.conversation import Conversation, as_frame
from codex_bench.figures import Figures
from codex_bench.plan import NAIVE, Scenario
from codex_bench.server import RunState, texts

_SETTLING = 0.02
"""Seconds after the last turn of a round in which a proxy may still write its notes."""

_TURN_WITHIN = 60
"""Seconds that one turn may take."""

_WINDOW = 10
"""Turns of a growing conversation that are one round."""

type _Turns = Mapping[str, tuple[list[float], list[Times]]]


class Idle(Exception):
    """An arm did not do what it is measured for."""


@dataclass(slots=True, kw_only=True)
class Worker:
    """An arm with its client. What a proxy does between two of its turns is counted to the first of them.

    `pid` is the proxy's, None without one; `journal` is where the addon writes, None for other scripts.
    """

    name: str
    client: Client
    pid: int | None
    journal: Path | None
    _cpu: list[float] = field(default_factory=list)
    _times: list[Times] = field(default_factory=list)

    async def turn(self, body: bytes, state: RunState) -> None:
        """Have one turn. Raises Idle, TimeoutError."""
        self._note()
        async with asyncio.timeout(_TURN_WITHIN):
            self._times.append(await self.client.turn(body))
        if (self.name == NAIVE or self.journal) and not state.has_key:
            raise Idle(f"the arm {self.name!r} put no key in the body")

    async def frames(self, body: bytes, size: int) -> float:
        """Have one turn over WebSocket; return the seconds that its frames took. Raises TimeoutError."""
        self._note()
        async with asyncio.timeout(_TURN_WITHIN):
            return await self.client.socket_turn(body, size)

    def finish(self) -> tuple[list[float], list[Times]]:
        """Return the CPU seconds and the waits of each turn of the round."""
        self._note()
        cpu, times = self._cpu, self._times
        self._cpu, self._times = [], []
        return [after - before for before, after in pairwise(cpu)], times

    def peak_memory(self) -> int:
        """Return the most bytes that the proxy has had, 0 without one."""
        return meter.peak_memory(self.pid) if self.pid else 0

    def _note(self) -> None:
        self._cpu.append(meter.cpu_seconds(self.pid) if self.pid else 0.0)


async def measure(scenario: Scenario, workers: Sequence[Worker], state: RunState) -> Mapping[str, Figures]:
    """Measure a scenario; what the very first conversation costs does not count, because everything is new to all."""
    state.events, state.one_by_one = scenario.events, scenario.kind != "at once"
    found = {worker.name: Figures() for worker in workers}
    chance = random.Random(scenario.size)
    if scenario.kind == "frames":
        await _measure_frames(scenario, workers, chance, found)
    else:
        await _converse(workers, Conversation(0, 10_000).bodies(3), chance, state)
        for number in range(scenario.rounds):
            bodies = Conversation(number + 1, scenario.size, scenario.step).bodies(1 + scenario.warm)
            _add_round(scenario, found, await _converse(workers, bodies, chance, state))
    for worker in workers:
        found[worker.name].memory = worker.peak_memory()
    return found


async def _converse(
    workers: Sequence[Worker], bodies: Iterable[bytes], chance: random.Random, state: RunState
) -> _Turns:
    for body in bodies:
        for worker in chance.sample(workers, len(workers)):
            await worker.turn(body, state)
    await asyncio.sleep(_SETTLING)
    return {worker.name: worker.finish() for worker in workers}


def _add_round(scenario: Scenario, found: Mapping[str, Figures], turns: _Turns) -> None:
    """Add a round's figures to what was found; a growing conversation is as many rounds as it has windows."""
    width = _WINDOW if scenario.kind == "conversation" else scenario.warm
    for name, (cpu, times) in turns.items():
        figures = found[name]
        figures.cold.append(cpu[0])
        for start in range(1, len(cpu) - width + 1, width):
            waits = times[start : start + width]
            figures.warm.append(statistics.fmean(cpu[start : start + width]))
            figures.first_byte.append(statistics.median(one.first_byte for one in waits))
            figures.event.append(statistics.median(event for one in waits for event in one.events))


async def _measure_frames(
    scenario: Scenario, workers: Sequence[Worker], chance: random.Random, found: Mapping[str, Figures]
) -> None:
    """Measure turns over WebSocket; the first round does not count."""
    size = sum(len(Frame(Opcode.TEXT, text).serialize(mask=False)) for text in texts(1, scenario.events))
    for worker in workers:
        await worker.client.open_socket()
    for number in range(scenario.rounds + 1):
        for body in map(as_frame, Conversation(number, scenario.size).bodies(scenario.warm)):
            seconds = {worker.name: await worker.frames(body, size) for worker in chance.sample(workers, len(workers))}
            await asyncio.sleep(_SETTLING)
            for worker in workers:
                cpu, _ = worker.finish()
                if number:
                    found[worker.name].frame.append(sum(cpu) / scenario.events)
                    found[worker.name].frames_a_second.append(scenario.events / seconds[worker.name])
