"""Rounds: every arm has the same turn before any arm has the next, in an order that chance decides."""

import asyncio
import random
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from codex_bench import answer, frames, meter
from codex_bench.arms import NAIVE, Arm
from codex_bench.baton import Baton
from codex_bench.client import Client, Times
from codex_bench.conversation import Conversation, as_frame
from codex_bench.figures import Figures
from codex_bench.plan import Scenario
from codex_bench.spread import mean

_SETTLING = 0.02
"""Seconds after the last turn of a round in which a proxy may still write its notes."""

_PATIENCE = 60
"""Seconds that one turn may take."""

_WINDOW = 10
"""Turns of a growing conversation that are one round."""


class Idle(Exception):
    """An arm did not do what it is measured for."""


@dataclass(slots=True)
class Lane:
    """An arm with its client. What a proxy does between two of its turns is counted to the first of them."""

    arm: Arm
    client: Client
    _cpu: list[float] = field(default_factory=list)
    _times: list[Times] = field(default_factory=list)

    async def turn(self, body: bytes, baton: Baton) -> None:
        """Have one turn."""
        self._note()
        async with asyncio.timeout(_PATIENCE):
            self._times.append(await self.client.turn(body))
        if (self.arm.name == NAIVE or self.arm.journal) and not baton.has_key:
            raise Idle(f"the arm {self.arm.name!r} put no key in the body")

    def finish(self) -> tuple[list[float], list[Times]]:
        """Return the CPU seconds and the waits of each turn of the round."""
        self._note()
        cpu, times = self._cpu, self._times
        self._cpu, self._times = [], []
        return [after - before for before, after in pairwise(cpu)], times

    async def frames(self, body: bytes, size: int) -> float:
        """Have one turn over WebSocket; return the seconds that its frames took."""
        self._note()
        async with asyncio.timeout(_PATIENCE):
            return await self.client.socket_turn(body, size)

    def _note(self) -> None:
        self._cpu.append(meter.cpu_seconds(self.arm.pid) if self.arm.pid else 0.0)


async def measure(scenario: Scenario, lanes: Sequence[Lane], baton: Baton) -> Mapping[str, Figures]:
    """Measure a scenario; what the very first conversation costs does not count, because everything is new to all."""
    baton.events, baton.one_by_one = scenario.events, scenario.kind != "at once"
    found = {lane.arm.name: Figures() for lane in lanes}
    chance = random.Random(scenario.size)
    if scenario.kind == "frames":
        await _frames(scenario, lanes, chance, found)
    else:
        await _converse(lanes, Conversation(0, 10_000).bodies(3), chance, baton)
        for number in range(scenario.rounds):
            bodies = Conversation(number + 1, scenario.size, scenario.step).bodies(1 + scenario.warm)
            _take(scenario, found, await _converse(lanes, bodies, chance, baton))
    for lane in lanes:
        found[lane.arm.name].memory = meter.peak_memory(lane.arm.pid) if lane.arm.pid else 0
    return found


type _Turns = Mapping[str, tuple[list[float], list[Times]]]


async def _converse(lanes: Sequence[Lane], bodies: Iterable[bytes], chance: random.Random, baton: Baton) -> _Turns:
    for body in bodies:
        for lane in chance.sample(lanes, len(lanes)):
            await lane.turn(body, baton)
    await asyncio.sleep(_SETTLING)
    return {lane.arm.name: lane.finish() for lane in lanes}


def _take(scenario: Scenario, found: Mapping[str, Figures], turns: _Turns) -> None:
    """Add a round's figures to what was found; a growing conversation is as many rounds as it has windows."""
    width = _WINDOW if scenario.kind == "conversation" else scenario.warm
    for name, (cpu, times) in turns.items():
        figures = found[name]
        figures.cold.append(cpu[0])
        for start in range(1, len(cpu) - width + 1, width):
            figures.warm.append(mean(cpu[start : start + width]))
            figures.first_byte.append(statistics.median(one.first_byte for one in times[start : start + width]))
            figures.event.append(statistics.median(e for one in times[start : start + width] for e in one.events))


async def _frames(
    scenario: Scenario, lanes: Sequence[Lane], chance: random.Random, found: Mapping[str, Figures]
) -> None:
    size = sum(len(frames.frame(event)) for event in answer.frames(1, scenario.events))
    for lane in lanes:
        await lane.client.open_socket()
    for number in range(scenario.rounds + 1):
        for body in map(as_frame, Conversation(number, scenario.size).bodies(scenario.warm)):
            seconds = {}
            for lane in chance.sample(lanes, len(lanes)):
                seconds[lane.arm.name] = await lane.frames(body, size)
            await asyncio.sleep(_SETTLING)
            if number:
                _take_frames(scenario, lanes, found, seconds)
            else:
                _forget(lanes)


def _take_frames(
    scenario: Scenario, lanes: Sequence[Lane], found: Mapping[str, Figures], seconds: Mapping[str, float]
) -> None:
    for lane in lanes:
        cpu, _ = lane.finish()
        found[lane.arm.name].frame.append(sum(cpu) / scenario.events)
        found[lane.arm.name].frames_a_second.append(scenario.events / seconds[lane.arm.name])


def _forget(lanes: Sequence[Lane]) -> None:
    for lane in lanes:
        lane.finish()
