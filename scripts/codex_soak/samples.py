"""The state of the proxy at one moment, as its probe tells it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.probe import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The proxy after so many turns, `at` seconds from the start.

    `memory` and `allocated` are in bytes, `memories` have a size and a limit each; `types` are counts, `tasks` names.
    """

    at: float
    turns: int
    memory: int
    descriptors: int
    threads: int
    blocks: int
    allocated: int | None
    objects: int
    tasks: tuple[str, ...]
    memories: Mapping[str, Mapping[str, int]]
    types: Mapping[str, int]


class Sampler:
    """Takes samples of one proxy."""

    def __init__(self, probe: Probe) -> None:
        self._probe, self._started = probe, time.monotonic()

    async def take(self, turns: int) -> Sample:
        """Return a sample; `turns` were sent so far. Raises NoAnswer."""
        found = await self._probe.ask()
        return Sample(at=time.monotonic() - self._started, turns=turns, **found | {"tasks": tuple(found["tasks"])})
