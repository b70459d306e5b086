"""What is observed of a soak, and which promises that keeps.

Memory is flat once what the addon remembers has reached its bounds; before that it may grow. It is looked at in three
ways: the bytes that the process has, which also grow a little for a proxy without the addon, because free memory lies
between what is used; the bytes that are used, of large objects; and the blocks that Python has handed out for small
ones, of which a single forgotten number is one.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, dropwhile
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


type Point = tuple[float, float]
"""A number of turns, and a figure after them."""

FULL = 0.9
"""The share of its bound from which a memory is full; one that is counted in bytes never reaches the last of them."""

BYTES_A_TURN = 2_048
"""Growth of the process that is no leak of turns: a remembered turn takes some 6,000 bytes, its body more."""

USED_A_TURN = 128
"""Growth of used memory that is no leak."""

BLOCKS_A_TURN = 0.5
"""Growth of Python's blocks that is no leak: a turn of which anything at all is kept leaves one or more.

From wave to wave the blocks go up and down by some 500, since of memories that are bounded in bytes the number of
entries is chance. Over the 5,000 turns of the short soak that makes a slope of up to 0.3.
"""

_LEAST = 10  # samples that it takes to speak of a slope

IN_FLIGHT = ("HTTPFlow", "Exchange", "Socket", "BodyBuffer", "Tap", "EventReader", "BodyReader")
"""Types of which a turn or a connection has one while it lasts."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: what was found, and whether it was kept."""

    name: str
    found: str
    kept: bool


def judge(observed: Observed) -> list[Promise]:
    """Return all promises."""
    full = when_full(observed.quiet)
    return [
        _filled(observed.quiet, full),
        _slope("the process does not grow", "bytes", [(one.turns, one.memory) for one in full], BYTES_A_TURN),
        _slope("memory that is used is flat", "bytes", [(one.turns, one.used) for one in full], USED_A_TURN),
        _slope("no object is left by a turn", "blocks", [(one.turns, one.blocks) for one in full], BLOCKS_A_TURN),
        _descriptors(observed),
        _tasks(observed),
        _in_flight(observed),
        _journal(observed),
    ]


def when_full(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples since every memory has been full."""

    def is_filling(sample: Sample) -> bool:
        return any(memory["size"] < FULL * memory["limit"] for memory in sample.memories.values())

    return list(dropwhile(is_filling, samples))


def _filled(samples: Sequence[Sample], full: Sequence[Sample]) -> Promise:
    """Judge whether there are enough samples for a slope."""
    found = f"after {full[0].turns:,} turns" if full else "never"
    if samples and not full:
        last = samples[-1].memories.items()
        found += ": " + ", ".join(f"{name} {one['size']:,} of {one['limit']:,}" for name, one in last)
    return Promise("all memories fill", found, len(full) >= _LEAST)


def _slope(name: str, unit: str, points: Sequence[Point], limit: float) -> Promise:
    later = settled(points)
    found = slope(later) if len(points) >= _LEAST else None
    if found is None:
        return Promise(name, "too few samples to tell", kept=False)
    turns = f"over the last {later[-1][0] - later[0][0]:,.0f} turns"
    return Promise(name, f"{found:+,.2f} {unit} a turn {turns} (at most {limit:+,.2f})", found <= limit)


def _descriptors(observed: Observed) -> Promise:
    before, after = observed.before.descriptors, observed.after.descriptors
    return Promise("no descriptor is left", f"{before} before, {after} after", after <= before)


def _tasks(observed: Observed) -> Promise:
    left = observed.after.tasks_since(observed.before)
    found = f"{len(observed.before.tasks)} before, {len(observed.after.tasks)} after"
    return Promise("no task is left", found + _named(left), not left)


def _in_flight(observed: Observed) -> Promise:
    """Count what is left in flight; one turn may be, since the latest diagnosis holds its own."""
    left = {name: count for name in IN_FLIGHT if (count := observed.after.types.get(name, 0))}
    kept = all(count <= (name == "Exchange") for name, count in left.items())
    return Promise("no flow, turn or socket is left", f"{sum(left.values())} after{_named(left)}", kept)


def _journal(observed: Observed) -> Promise:
    sent, written = Counter(observed.sent), observed.written
    found = f"{sent.total():,} sent, {written.numbers.total():,} written, {written.doubled} of them again"
    lost = {f"{kind[0]} over {kind[1]} with {kind[2]}": count for kind, count in (sent - written.kinds).items()}
    kept = written.kinds == sent and not written.doubled
    return Promise("every turn is in the journal once", found + _named(lost), kept)


def _named(counts: Mapping[str, int]) -> str:
    return f"; {', '.join(f'{count} {name}' for name, count in counts.items())}" if counts else ""


def slope(points: Sequence[Point]) -> float | None:
    """Return the growth of the second figure with the first, None where there are not two points to tell it from.

    It is the median of the slopes between every two points (Theil and Sen), so a few bad samples do not count.
    """
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x1 != x2]
    return statistics.median(slopes) if slopes else None


def settled(points: Sequence[Point]) -> list[Point]:
    """Return the points of the last two thirds of the way from the first to the last.

    When a memory has just become full it still holds what came first, and its entries become more as that goes.
    """
    return [point for point in points if 3 * point[0] >= 2 * points[0][0] + points[-1][0]]
