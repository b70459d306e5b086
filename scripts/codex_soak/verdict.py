"""Which promises were kept.

Memory is flat once what the addon remembers has reached its bounds; before that it may grow, and says nothing. It is
looked at in three ways: the bytes that the process has, which creep a little for a bare proxy too, because what was
given back lies between what is used; the bytes that are used, of large objects; and the blocks that Python has handed
out for small ones, of which a single forgotten number is one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codex_soak.slope import Point, second_half, slope
from codex_soak.tally import Kind, Written
from codex_soak.watch import Sample

FULL = 0.9
"""The share of its bound from which a memory is full; one that is counted in bytes never gets to the last of them."""

BYTES_A_TURN = 2_048
"""Growth of the process that is no leak of turns: what is remembered of one takes some 6,000 bytes, its body more."""

USED_A_TURN = 128
"""Growth of what is used that is none."""

BLOCKS_A_TURN = 0.5
"""A turn of which anything at all is kept has more."""

_LEAST = 10
"""Samples that it takes to speak of a slope."""

_IN_FLIGHT = ("HTTPFlow", "Passage", "Socket", "Keeper", "Tap", "Reader")
"""Types of which a turn or a connection has one while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What was seen before any client came, amid each wave of them, and after each once all had left."""

    before: Sample
    busy: Sequence[Sample]
    quiet: Sequence[Sample]
    sent: Mapping[Kind, int]
    written: Written

    @property
    def after(self) -> Sample:
        """The last sample."""
        return [self.before, *self.quiet][-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One promise: what was found, and whether it was kept."""

    name: str
    found: str
    kept: bool


def judge(soaked: Soaked) -> list[Promise]:
    """Return all promises."""
    full = when_full(soaked.quiet)
    return [
        _filled(soaked.quiet, full),
        _slope("the process does not grow", "bytes", [(one.turns, one.memory) for one in full], BYTES_A_TURN),
        _slope("memory that is used is flat", "bytes", _used(full), USED_A_TURN),
        _slope("no object is left by a turn", "blocks", [(one.turns, one.blocks) for one in full], BLOCKS_A_TURN),
        _descriptors(soaked),
        _tasks(soaked),
        _in_flight(soaked),
        _journal(soaked),
    ]


def when_full(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples since every memory has been full."""
    first = next((place for place, one in enumerate(samples) if _is_full(one)), len(samples))
    return list(samples[first:])


def _is_full(sample: Sample) -> bool:
    return all(memory["size"] >= FULL * memory["limit"] for memory in sample.memories.values())


def _filled(samples: Sequence[Sample], full: Sequence[Sample]) -> Promise:
    """Without this, nothing could be said of a slope."""
    found = f"after {full[0].turns:,} turns" if full else "never"
    if samples and not full:
        last = samples[-1].memories.items()
        found += ": " + ", ".join(f"{name} {one['size']:,} of {one['limit']:,}" for name, one in last)
    return Promise(name="all memories fill", found=found, kept=len(full) >= _LEAST)


def _slope(name: str, unit: str, points: Sequence[Point], limit: float) -> Promise:
    half = second_half(points)
    found = slope(half) if len(points) >= _LEAST else None
    if found is None:
        return Promise(name=name, found="too few samples to tell", kept=False)
    turns = f"over the last {half[-1][0] - half[0][0]:,.0f} turns"
    return Promise(name=name, found=f"{found:+,.2f} {unit} a turn {turns} (at most {limit:+,.2f})", kept=found <= limit)


def _used(full: Sequence[Sample]) -> list[Point]:
    """Return what is used by turns; without a C library that tells, all that the process has stands for it."""
    return [(one.turns, one.memory if one.allocated is None else one.allocated) for one in full]


def _descriptors(soaked: Soaked) -> Promise:
    before, after = soaked.before.descriptors, soaked.after.descriptors
    most = max((one.descriptors for one in soaked.busy), default=before)
    return Promise(
        name="no descriptor is left", found=f"{before} before, {most} at the most, {after} after", kept=after <= before
    )


def _tasks(soaked: Soaked) -> Promise:
    before, after = Counter(soaked.before.tasks), Counter(soaked.after.tasks)
    left = after - before
    most = max((len(one.tasks) for one in soaked.busy), default=0)
    found = f"{before.total()} before, {most} at the most, {after.total()} after"
    return Promise(name="no task is left", found=found + _named(left), kept=not left)


def _in_flight(soaked: Soaked) -> Promise:
    """The last finding holds its turn, so that several listeners can ask for the same entry: one may be left."""
    left = {name: count for name in _IN_FLIGHT if (count := soaked.after.types.get(name, 0))}
    kept = all(count <= (name == "Passage") for name, count in left.items())
    return Promise(name="no flow, turn or socket is left", found=f"{sum(left.values())} after{_named(left)}", kept=kept)


def _journal(soaked: Soaked) -> Promise:
    sent, written = Counter(soaked.sent), soaked.written
    found = f"{sent.total():,} sent, {written.numbers.total():,} written, {written.doubled} of them again"
    lost = {_spelled(kind): count for kind, count in (sent - written.kinds).items()}
    kept = written.kinds == sent and not written.doubled
    return Promise(name="every turn is in the journal once", found=found + _named(lost), kept=kept)


def _spelled(kind: Kind) -> str:
    return f"{kind.endpoint} over {kind.transport} with {kind.status}"


def _named(counts: Mapping[str, int]) -> str:
    return f"; {', '.join(f'{count} {name}' for name, count in counts.items())}" if counts else ""
