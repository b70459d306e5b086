"""What is observed of a soak: the state of the proxy at one moment, the turns that were sent, those in the journal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from toolkit.probe import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Footprint):
    """The proxy after so many turns, `at` seconds from the start, as its probe tells it.

    `memory` and `allocated` are in bytes, `memories` have a size and a limit each; `types` are counts, `tasks` names.
    """

    at: float
    turns: int
    memory: int
    descriptors: int
    blocks: int
    allocated: int | None
    memories: Mapping[str, Mapping[str, int]]
    types: Mapping[str, int]

    @property
    def used(self) -> int:
        """Used memory; where the C library does not tell, that of the process."""
        return self.memory if self.allocated is None else self.allocated


class Kind(NamedTuple):
    """What is known of a turn at both ends: the endpoint, the transport as the addon calls it, and the status."""

    endpoint: str
    transport: str
    status: int


@dataclass(slots=True)
class Counters:
    """The clients' own count: turns by kind, and steps of their scenarios by name."""

    turns: Counter[Kind] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many turns were sent."""
        return self.turns.total()


class Journal(NamedTuple):
    """What is in a journal: how often each turn's number, and how many turns of each kind."""

    numbers: Counter[int]
    kinds: Counter[Kind]

    @property
    def doubled(self) -> int:
        """How many lines are about a turn that another line is about."""
        return self.numbers.total() - len(self.numbers)


def read_journal(lines: Iterable[bytes]) -> Journal:
    """Return what is in the lines of a journal. Raises ValueError for a line that is no entry."""
    entries: list[dict[str, Any]] = [orjson.loads(line) for line in lines]
    kinds = Counter(Kind(entry["endpoint"], entry["transport"], entry["status"]) for entry in entries)
    return Journal(Counter(entry["turn"] for entry in entries), kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Samples before any client, and after each wave once all clients had left; turns sent and written down."""

    before: Sample
    quiet: Sequence[Sample]
    sent: Mapping[Kind, int]
    written: Journal

    @property
    def after(self) -> Sample:
        """The last sample."""
        return [self.before, *self.quiet][-1]
