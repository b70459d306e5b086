"""Rounds: every arm has the same turn before any arm has the next, in an order that chance decides."""

import asyncio
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from toolkit import meter

from codex_bench.client import Client, Times
from codex_bench.conversation import Conversation
from codex_bench.figures import Figures
from codex_bench.plan import NAIVE, Scenario
from codex_bench.server import RunState

_SETTLING = 0.02  # seconds after the last turn of a round in which a proxy may still write its notes
_TURN_WITHIN = 60  # seconds
_WINDOW = 10  # turns of a growing conversation that are one round


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

    def finish(self) -> tuple[list[float], list[Times]]:
        """Return the CPU seconds and the waits of each turn of the round."""
        self._note()
        cpu, times = self._cpu, self._times
        self._cpu, self._times = [], []
        return [after - before for before, after in pairwise(cpu)], times

    def _note(self) -> None:
        self._cpu.append(meter.cpu_seconds(self.pid) if self.pid else 0.0)


async def measure(scenario: Scenario, workers: Sequence[Worker], state: RunState) -> Mapping[str, Figures]:
    """Measure a scenario; what the very first conversation costs does not count, because everything is new to all."""
    state.events, state.one_by_one = scenario.events, scenario.kind != "at once"
    if scenario.kind == "frames":
        for worker in workers:
            await worker.client.open_websocket()
    found = {worker.name: Figures() for worker in workers}
    chance = random.Random(scenario.size)
    await _converse(workers, Conversation(0, 10_000).bodies(3), chance, state)
    for number in range(scenario.rounds):
        bodies = Conversation(number + 1, scenario.size, scenario.step).bodies(1 + scenario.warm)
        for name, turns in (await _converse(workers, bodies, chance, state)).items():
            add = _add_frames if scenario.kind == "frames" else _add_turns
            add(scenario, found[name], *turns)
    for worker in workers:
        found[worker.name].memory = meter.peak_memory(worker.pid) if worker.pid else 0
    return found


async def _converse(
    workers: Sequence[Worker], bodies: Iterable[bytes], chance: random.Random, state: RunState
) -> Mapping[str, tuple[list[float], list[Times]]]:
    for body in bodies:
        for worker in chance.sample(workers, len(workers)):
            await worker.turn(body, state)
    await asyncio.sleep(_SETTLING)
    return {worker.name: worker.finish() for worker in workers}


def _add_turns(scenario: Scenario, figures: Figures, cpu: Sequence[float], times: Sequence[Times]) -> None:
    """Add a round's figures; a growing conversation is as many rounds as it has windows."""
    width = _WINDOW if scenario.kind == "conversation" else scenario.warm
    figures.cold.append(cpu[0])
    for start in range(1, len(cpu) - width + 1, width):
        waits = times[start : start + width]
        figures.warm.append(statistics.fmean(cpu[start : start + width]))
        figures.first_byte.append(statistics.median(one.first_byte for one in waits))
        figures.event.append(statistics.median(event for one in waits for event in one.events))


def _add_frames(scenario: Scenario, figures: Figures, cpu: Sequence[float], times: Sequence[Times]) -> None:
    figures.frame += [seconds / scenario.events for seconds in cpu]
    figures.frames_a_second += [scenario.events / one.first_byte for one in times]
