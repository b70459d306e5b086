"""What is learned from turns: how long a cache lasts, what turns at the same time cost, and who shares a key.

Three things are counted, each with the number of turns behind it, since few turns prove little.

Pauses. The backend documents that an unused entry lives for five to ten minutes (OpenAI, "Prompt caching"), and keeps
it for longer or shorter as it pleases. So for each host and model it is noted after which pauses a turn was read all
the same, and after which it was not although nothing else explains that. `Learned.idle_after` makes limits of it.

Keys. How many turns a key carries within a minute, how many of them are in flight when another one is sent, and how
many conversations it carries. That a key overflows to other servers at about 15 turns a minute is documented; that
turns sent at once miss each other's cache is seen wherever agents work in parallel.

Reads. How many turns were read and how many were not, by the turns of their key that were in flight when they left. A
miss that a change explains says nothing about that, and is not counted.

All of it is bounded, and kept in memory only: a proxy that starts begins with the documented limits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from ..text import ascii_only, counted, percent, span_to_the_second

if TYPE_CHECKING:  # the report takes a number from here, and needs nothing of what these bring
    from ..turn.record import Record
    from .diagnosis import Verdict
    from .match import Match

LIKELY_SECONDS, POSSIBLY_SECONDS = 300.0, 240.0
"""Pauses after which an entry has likely, or possibly, expired, as long as nothing else was learned."""

ENOUGH = 3
"""Turns from which on anything is concluded; one or two may be a stroke of luck, or the server's doing."""

_MINUTE, _HOUR = 60.0, 3600.0

_BURST = 1_000
"""Turns of one key within a minute that are counted; a key with more is as overloaded."""

_IN_FLIGHT = 64
"""Turns of one key that are known to be in flight, the latest; one of which no end is heard must not stay for good."""

_CONVERSATIONS = 64
"""Conversations of one key that are known, the latest."""

_KEYS, _IN_PROGRESS, _MODELS, _PAUSES = 10_000, 10_000, 32, 500
"""Keys, turns in progress and models of which anything is known, and pauses of one model: the latest of each."""

_SHOWN, _NAME = 8, 40
"""Models that are shown, the latest, and characters of a name; clients make them up."""

_MISSES = frozenset({"key_overloaded", "upstream"})
"""Misses that nothing in the turn explains."""

_NOT_READ = frozenset({"idle", "upstream"})
"""Misses that a pause may explain, as nothing else does."""

_SMALL = 1024
"""Tokens below which nothing was read that matters."""

IN_FLIGHT = ("none", "1-2", "3 or more")
"""The classes of how many other turns of a key were in flight, in order."""


class Load(NamedTuple):
    """What a key carried when a turn was sent.

    `a_minute` is the number of its turns within the last minute, this one included. `in_flight` is the number of the
    others that had not ended; `none_ended` is True if there were any, and no turn of the key had ended since the first
    of them was sent: then none of them can read what another one writes. `conversations` is how many it carried within
    the last hour, that of the turn included.
    """

    a_minute: int
    in_flight: int
    none_ended: bool
    conversations: int


NO_LOAD = Load(0, 0, False, 0)
"""The load of a turn that has no key."""


class Pauses(NamedTuple):
    """Pauses of over a minute before turns of one host and model, in seconds, and how many turns had one.

    A pause is the time from the start of the predecessor to that of the turn. `longest_read` is the longest after which
    the turn was read, `shortest_not` the shortest after which at most tools and instructions were, although nothing
    else explains it; None where there is none.
    """

    longest_read: float | None
    shortest_not: float | None
    read: int
    not_read: int

    def __str__(self) -> str:
        """Return for instance "read after up to 4 min 12 s (37 turns), not after 4 min 50 s (2 turns)"."""
        longest, shortest, parts = self.longest_read, self.shortest_not, list[str]()
        if longest is not None:
            parts.append(f"read after up to {span_to_the_second(longest)} ({counted(self.read, 'turn')})")
        if shortest is not None:
            verb = "not" if parts else "not read"
            parts.append(f"{verb} after {span_to_the_second(shortest)} ({counted(self.not_read, 'turn')})")
        return ", ".join(parts)


class Reads(NamedTuple):
    """Turns that were read, and turns that were not although nothing in them explains it."""

    hits: int
    misses: int

    @property
    def turns(self) -> int:
        """How many there are."""
        return self.hits + self.misses

    @property
    def rate(self) -> float | None:
        """The share that was read, from 0 to 1; None where there are none."""
        return self.hits / self.turns if self.turns else None


NO_READS = (Reads(0, 0),) * len(IN_FLIGHT)


class IdleAfter(NamedTuple):
    """Seconds from a predecessor's start after which its cache has likely, or possibly, expired."""

    likely: float
    possibly: float


class _Observation(NamedTuple):
    pause: float
    was_read: bool


type _Observations = deque[_Observation]

type _Reads = tuple[Reads, ...]
"""One for each of `IN_FLIGHT`."""


class _KeyUse:
    """What one key carries."""

    __slots__ = ("conversations", "ended_at", "in_flight", "reads", "sent")

    def __init__(self) -> None:
        self.sent: deque[float] = deque(maxlen=_BURST)
        self.in_flight: dict[int, float] = {}
        self.ended_at = -inf
        self.conversations: dict[tuple[str, int], float] = {}
        self.reads: _Reads = NO_READS

    def turn_sent(self, record: Record, at: float) -> Load:
        """Take in a turn, and return what the key carries with it."""
        self.sent.append(at)
        while self.sent[0] < at - _MINUTE:
            self.sent.popleft()
        _put(self.conversations, (record.conversation_run, record.conversation), at, _CONVERSATIONS)
        several = len(self.conversations) > 1
        lately = sum(sent_at >= at - _HOUR for sent_at in self.conversations.values()) if several else 1
        none_ended = self.ended_at < min(self.in_flight.values(), default=-inf)
        load = Load(len(self.sent), len(self.in_flight), none_ended, lately)
        _put(self.in_flight, record.number, at, _IN_FLIGHT)
        return load


class Learned:
    """What the turns have shown so far. The clock is an argument: a saved capture teaches as much as live traffic."""

    def __init__(self, keys: int = _KEYS, models: int = _MODELS) -> None:
        self._limit, self._models = keys, models
        self._keys: OrderedDict[str, _KeyUse] = OrderedDict()
        self._sent: OrderedDict[int, tuple[_KeyUse, Load]] = OrderedDict()
        self._pauses: OrderedDict[tuple[str, str], _Observations] = OrderedDict()
        self._reads: _Reads = NO_READS

    def turn_sent(self, record: Record, at: float) -> Load:
        """Take in a turn that is sent at `at`, in seconds, of a conversation that is known; return its key's load."""
        if (key := record.route.key) is None:
            return NO_LOAD
        if use := self._keys.get(key):
            self._keys.move_to_end(key)
        else:
            use = self._keys[key] = _KeyUse()
            if len(self._keys) > self._limit:
                self._keys.popitem(last=False)
        load = use.turn_sent(record, at)
        _put(self._sent, record.number, (use, load), _IN_PROGRESS)
        return load

    def turn_withdrawn(self, record: Record) -> None:
        """Forget that a turn is in flight: it did not leave after all."""
        if known := self._sent.pop(record.number, None):
            known[0].in_flight.pop(record.number, None)

    def turn_ended(self, record: Record, match: Match | None, verdict: Verdict) -> None:
        """Take in how a turn ended: its times, counters and ledger are known, its predecessor and its verdict."""
        if known := self._sent.pop(record.number, None):
            use, load = known
            use.in_flight.pop(record.number, None)
            use.ended_at = max(use.ended_at, record.ended_at or record.sent_at)
            use.reads = _counted(use.reads, load, verdict)
            self._reads = _counted(self._reads, load, verdict)
        if match and (observation := _observation(record, match, verdict)):
            self._observations(record).append(observation)

    def pauses(self, host: str, model: str) -> Pauses:
        """Return after which pauses turns of a host and model were read, and after which not."""
        return _summed(self._pauses.get((host, model), ()))

    def idle_after(self, host: str, model: str) -> IdleAfter:
        """Return the pauses after which an entry of a host and model has likely, or possibly, expired.

        Up to the longest pause after which turns were read it has not, and from the shortest on after which they were
        not it has; between the two the documented limits stand. Turns can contradict one another, which leaves the
        limits as they are between these pauses.
        """
        observations = self._pauses.get((host, model), ())
        read, not_read = _surely_read(observations), _surely_not(observations)
        low, high = (read, not_read) if read < not_read else (not_read, inf)
        return IdleAfter(min(max(LIKELY_SECONDS, low), high), min(max(POSSIBLY_SECONDS, low), high))

    def reads(self, key: str | None = None) -> tuple[Reads, ...]:
        """Return how turns of a key, or of all keys, were read, for each class of `IN_FLIGHT`."""
        if key is None:
            return self._reads
        return self._keys[key].reads if key in self._keys else NO_READS

    def lines(self) -> Iterator[str]:
        """Yield a line for each thing of which anything is known, with its counts.

        How turns were read is only of interest where some of them had others in flight.
        """
        latest = list(self._pauses)[-_SHOWN:]
        for host, model in latest:
            where = f" at {host}" if sum(other == model for _, other in latest) > 1 else ""
            yield f"pauses of {ascii_only(model, _NAME)}{where}: {self.pauses(host, model)}"
        yield from _rates(self._reads)
        yield from _shared([len(use.conversations) for use in self._keys.values()])

    def _observations(self, record: Record) -> _Observations:
        place = record.route.host, record.prompt.prefix.model
        observations = self._pauses.setdefault(place, deque(maxlen=_PAUSES))
        self._pauses.move_to_end(place)
        if len(self._pauses) > self._models:
            self._pauses.popitem(last=False)
        return observations


def _put[Key, Value](known: dict[Key, Value], key: Key, value: Value, limit: int) -> None:
    """Put an entry at the end; the first goes if there are too many."""
    known.pop(key, None)
    known[key] = value
    if len(known) > limit:
        del known[next(iter(known))]


def _observation(record: Record, match: Match, verdict: Verdict) -> _Observation | None:
    """Return what a turn shows of the pause before it, None for one that shows nothing."""
    pause = record.sent_at - match.record.sent_at
    was_read = verdict.name == "hit"
    if pause <= _MINUTE or not (was_read or _is_lost(record, verdict)):
        return None
    return _Observation(pause, was_read)


def _is_lost(record: Record, verdict: Verdict) -> bool:
    """Return True if nothing was read, or no more than tools and instructions, and a pause may be why."""
    cached = record.usage.cached or 0 if record.usage else 0
    return verdict.name in _NOT_READ and cached <= max(record.ledger.floor, _SMALL)


def _counted(reads: _Reads, load: Load, verdict: Verdict) -> _Reads:
    """Return the reads with one turn more, in the class of its load."""
    hit = verdict.name == "hit"
    if not (hit or verdict.name in _MISSES):
        return reads
    at = 0 if load.in_flight == 0 else 1 if load.in_flight < 3 else 2
    known = reads[at]
    return (*reads[:at], Reads(known.hits + hit, known.misses + (not hit)), *reads[at + 1 :])


def _summed(observations: Collection[_Observation]) -> Pauses:
    read = [each.pause for each in observations if each.was_read]
    not_read = [each.pause for each in observations if not each.was_read]
    return Pauses(max(read, default=None), min(not_read, default=None), len(read), len(not_read))


def _surely_read(observations: Collection[_Observation]) -> float:
    """Return the longest pause that enough turns show to be read, since theirs were no shorter; 0 for none."""
    read = sorted((each.pause for each in observations if each.was_read), reverse=True)
    return read[ENOUGH - 1] if len(read) >= ENOUGH else 0.0


def _surely_not(observations: Collection[_Observation]) -> float:
    """Return the shortest pause that enough turns show to be too long, since theirs were no longer; infinity for none.

    From the first of these on more turns were not read than were: a few that the server lost early do not count against
    many that it kept for longer.
    """
    read = sorted(each.pause for each in observations if each.was_read)
    not_read = sorted(each.pause for each in observations if not each.was_read)
    for at, (first, last) in enumerate(zip(not_read, not_read[ENOUGH - 1 :], strict=False)):
        if len(not_read) - at > len(read) - bisect_left(read, first):
            return last
    return inf


def _rates(known: _Reads) -> Iterator[str]:
    if any(reads.turns for reads in known[1:]):
        named = zip(IN_FLIGHT, known, strict=True)
        rates = [f"{name} {percent(reads.rate)} of {reads.turns:,}" for name, reads in named if reads.turns]
        yield f"turns read, by others of their key in flight: {', '.join(rates)}"


def _shared(conversations: list[int]) -> Iterator[str]:
    """Yield how many keys carry several conversations, if any do."""
    if several := [count for count in conversations if count > 1]:
        most = f"{'up to ' if len(several) > 1 else ''}{max(several)} conversations on one"
        yield f"keys with several conversations: {len(several):,} ({most})"
