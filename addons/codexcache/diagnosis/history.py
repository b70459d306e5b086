"""The finished turns that are remembered, and how those are found that a new one can be compared with.

Only a turn that had ended with usage before another was sent can be its predecessor, because only then can its prompt
have been cached. A turn that ended without usage may have been processed all the same. It is kept as an attempt: what
its retry reads can be its own.

Memory. What is remembered is bounded in bytes. What turns have in common, the prefixes of their prompts and the arrays
of their items, is counted once, for as long as any of them is remembered. The least recently added turns go first, and
those that a later turn extended go before any that is still the last of its branch.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from sys import getsizeof
from typing import NamedTuple

from ..turn.items import ENCRYPTED, SHORT
from ..turn.prompt import PromptPrefix
from ..turn.record import Record, Route
from .index import AnswerIndex, Branch, BranchIndex, head_of, ids_of, power, powers, session_of
from .match import Match, match_of
from .predecessor import choose, is_contradicted, sibling
from .similarity import has_same_head, is_same_key, is_unique, made_by

HISTORY_BYTES = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_LAST_PREFIXES = 64
"""How many of a turn's last prefixes may be the whole input of the turn that it extends: an answer has fewer items."""

_PROOFS = 4
"""Items of a turn's input that are looked at for a call or reasoning, the latest ones."""

_OUTPUT_COST, _TURN_COST, _ENTRY_COST = 200, 6000, 300
"""Bytes that an item of the answer, a turn, and what an answer is found by take up in memory, on CPython 3.13.

That of a turn is the one which shares nothing with another. What turns share is counted apart.
"""

_ATTEMPTS = 100
"""Attempts that are remembered; a retry comes soon."""

_LONGEST_CACHED = 24 * 3600
"""Seconds for which a prompt can be cached at most (OpenAI, "Prompt caching": extended retention)."""

_TOOL_COST, _PREFIX_COST = 400, 620
"""Estimated overhead in bytes of one tool (without its name) and of one prompt prefix (without texts and tools)."""

_ITEM_COST, _ARRAYS_COST = 62, 1000
"""Bytes that an item takes up in the arrays, which grow a little ahead of it, and arrays without any items."""


class SharedSizes:
    """The bytes of prompt prefixes and arrays of items: each is counted once for all turns that share it."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, tuple[int, int]] = {}

    def take(self, record: Record) -> None:
        """Count a turn."""
        prefix, items = record.prompt.prefix, record.prompt.items
        self._take(prefix, 0 if id(prefix) in self._uses else _prefix_size(prefix))
        self._take(items.arrays, _ARRAYS_COST + _ITEM_COST * len(items))

    def drop(self, record: Record) -> None:
        """Count it no more."""
        for shared in (record.prompt.prefix, record.prompt.items.arrays):
            uses, size = self._uses.pop(id(shared))
            if uses > 1:
                self._uses[id(shared)] = uses - 1, size
            else:
                self.size -= size

    def _take(self, shared: object, size: int) -> None:
        uses, known = self._uses.get(id(shared), (0, 0))
        self._uses[id(shared)] = uses + 1, max(size, known)
        self.size += max(0, size - known)


def _prefix_size(prefix: PromptPrefix) -> int:
    tools = sum(_TOOL_COST + getsizeof(tool.name) for tool in prefix.tools)
    return _PREFIX_COST + getsizeof(prefix.instructions.checksums) + tools


class Sender(NamedTuple):
    """The turn that sent what another begins with. Where that is None, it may be `known` that none here did."""

    record: Record | None
    known: bool


class Attempts:
    """The latest turns that ended without usage, and may have been processed nevertheless."""

    def __init__(self, shared: "SharedSizes", limit: int = _ATTEMPTS) -> None:
        self._shared = shared
        self._limit = limit
        self._known: OrderedDict[object, tuple[Record, Match | None]] = OrderedDict()

    def add(self, record: Record, match: Match | None) -> None:
        """Remember an attempt and its predecessor."""
        if record.status not in (None, 200) or record.failed or not record.prompt.items:
            return
        entry = _attempt(record, record.prompt.items.whole_digest())
        self._drop(entry)
        self._known[entry] = record, match
        self._shared.take(record)
        while len(self._known) > self._limit:
            self._drop(next(iter(self._known)))

    def find(self, record: Record) -> tuple[Record, Match | None] | None:
        """Return the longest attempt with the same ids whose input a turn begins with, and its predecessor."""
        digests = record.prompt.items.prefix_digests() if self._known and record.complete else (0,)
        found = (self._known.get(_attempt(record, digests[count])) for count in _last_prefixes(digests))
        return next((known for known in found if known and known[0].sent_at < record.sent_at), None)

    def reaching(self, record: Record, beyond: int) -> Record | None:
        """Return the attempt with the same ids that has the most items in common with a turn, more than `beyond`."""
        own = [one for one in self.all() if _attempt(one, 0) == _attempt(record, 0) and one.sent_at < record.sent_at]
        lengths = {one.number: record.prompt.items.common_prefix_length(one.prompt.items) for one in own}
        found = [one for one in own if lengths[one.number] > beyond]
        return max(found, key=lambda one: (lengths[one.number], one.sent_at), default=None)

    def all(self) -> list[Record]:
        """Return all of them."""
        return [record for record, _ in self._known.values()]

    def _drop(self, entry: object) -> None:
        if known := self._known.pop(entry, None):
            self._shared.drop(known[0])


class History:
    """Finished turns, found by the digests of their items, by their ids and by their answers."""

    def __init__(self, limit: int = HISTORY_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._branch_of: dict[int, Branch] = {}
        self._responses: dict[str, int] = {}
        self._index = BranchIndex()
        self._answers = AnswerIndex()
        self._shared = SharedSizes()
        self._attempts = Attempts(self._shared)
        self._watched_since: float | None = None

    def __len__(self) -> int:
        return len(self._branch_of)

    @property
    def size(self) -> int:
        """Bytes that are remembered, as far as they can be counted."""
        return self._size + self._shared.size

    def turns(self) -> list[Record]:
        """Return all turns that are remembered."""
        return [*self._superseded.values(), *self._latest.values()]

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended, and its predecessor.

        One without usage is an attempt, and no predecessor. A warm-up is neither: the turn behind it names it itself.
        """
        if record.warm_up:
            return
        if record.usage is None or not record.usage.input:
            self._attempts.add(record, match)
            return
        self._latest[record.number] = record
        if record.response_id:
            self._responses[record.response_id] = record.number
        self._shared.take(record)
        self._index.append(self._branch(record, match), record)
        entries = self._answers.add(record)
        self._size += _cost(record, entries)
        while self.size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known.

        A turn that is sent again goes on from the predecessor of its first attempt, if nothing better is known.
        """
        self._watch(record)
        return choose(record, self.candidates(record)) or self._attempted(record)

    def confirmed(self, record: Record, match: Match | None) -> Match | None:
        """Return the predecessor of a turn that has ended: another one if the counters show that it cannot be right."""
        if match is None or _is_more(record, match.record) or not is_contradicted(match, [], record):
            return match
        return choose(record, self.candidates(record))

    def response(self, response_id: str | None, route: Route) -> Record | None:
        """Return the turn with a response that is named over HTTP, of the same caller or with the same key."""
        known = self.turn(self._responses.get(response_id, 0)) if response_id and not route.socket else None
        is_own = known and (known.route.caller == route.caller or is_same_key(route, known.route))
        return known if is_own else None

    def sibling(self, record: Record) -> Record | None:
        """Return the turn of another conversation that opens as this one does, None where none is known."""
        return sibling(record, self.candidates(record))

    def attempt(self, record: Record, beyond: int = 0) -> Record | None:
        """Return the turn of the same ids that ended without usage and whose whole input this one begins with.

        Else it is one that had sent more items of this turn than the first `beyond`, where that is not 0: a client may
        end each request with an item of its own.
        """
        found = self._attempts.find(record)
        return found[0] if found else self._attempts.reaching(record, beyond) if beyond else None

    def sender(self, record: Record, beyond: int = 0) -> Sender:
        """Return the turn that had sent more than `beyond` items of this one, or its tools and instructions where 0.

        It may be of any conversation of the same caller. That none did is known only where all turns since the cache
        can have been filled are remembered.
        """
        under = self._index.under([head_of(record)]) if record.complete and not beyond else ()
        heads = chain.from_iterable([branch.latest() for branch in under])
        others = [*(match.record for match in self.candidates(record)), *self._attempts.all(), *heads]
        own = [one for one in others if one.route.caller == record.route.caller and one.sent_at < record.sent_at]
        sent = [match_of(record, one) for one in own if has_same_head(record, one)]
        found = [match for match in sent if match.shared_items > beyond or not beyond]
        best = max(found, key=lambda match: (match.shared_items, match.record.sent_at), default=None)
        watched = self._watched_since is not None and record.sent_at - self._watched_since > _LONGEST_CACHED
        return Sender(best.record if best else None, best is not None or (watched and record.complete))

    def candidates(self, record: Record) -> list[Match]:
        """Return all turns that may share items, a thread, a key or an answer with this one."""
        known = self.turn(record.continued)
        found = [other for other in (record.named, known) if other is not None]
        if record.complete:
            digests = record.prompt.items.prefix_digests()
            starts = [digests[count] for count in powers(len(digests) - 1)]
            ends = {*starts, *(digests[count] for count in _last_prefixes(digests))}
            found += chain.from_iterable([self._index.ends.get(end, ()) for end in ends])
            found += self._answers.find(record)
            branches = [self._branch_of[one.number] for one in found if one.number in self._branch_of]
            listed = dict.fromkeys((*branches, *self._index.under((*starts, *ids_of(record), session_of(record)))))
            found += chain.from_iterable([branch.latest() for branch in listed])
        readable = {other.number: other for other in found if other is record.named or _is_readable(other, record)}
        return [match_of(record, other) for other in readable.values()]

    def makers(self, record: Record) -> list[Record | None]:
        """Return the first turn that made each encrypted item of this turn's input, as far as known; it takes long."""
        items = record.prompt.items
        given = {digest for digest, kind in zip(items.digests(), items.kinds(), strict=True) if kind in ENCRYPTED}
        latest_first = sorted(self.turns(), key=attrgetter("sent_at"), reverse=True)
        made = {output.digest: other for other in latest_first for output in other.outputs}
        return [made.get(digest) for digest in given]

    def turn(self, number: int) -> Record | None:
        """Return a turn that is remembered by its number, None for any other."""
        return self._latest.get(number) or self._superseded.get(number)

    def _watch(self, record: Record) -> None:
        if self._watched_since is None:
            self._watched_since = record.sent_at

    def _attempted(self, record: Record) -> Match | None:
        """Return the predecessor of an earlier attempt at the same turn."""
        found = self._attempts.find(record)
        if found is None or (match := found[1]) is None or found[0].prompt.items.whole_digest() != _whole(record):
            return None
        return replace(match_of(record, match.record), evidence=match.evidence)

    def plain(self, record: Record) -> Match | None:
        """Return the turn that this one plainly extends, with its answer: no other that is known begins as both do.

        Nearly all turns leave as the one before them did, so few have to be compared with all candidates.
        """
        self._watch(record)
        if not record.complete or record.named is not None:
            return None
        digests, ends = record.prompt.items.prefix_digests(), self._index.ends
        count = next((count for count in _last_prefixes(digests) if digests[count] in ends), 0)
        if not count:
            return None
        *others, other = ends[digests[count]]
        if others and count < len(digests) - 1:  # the answer decides, which a turn that is sent again does not show
            return None
        branch = self._branch_of[other.number]
        is_same = record.route is other.route and record.prompt.prefix is other.prompt.prefix
        if branch.records[-1] is not other or not is_same or not _is_readable(other, record):
            return None
        is_answered = _is_answered(record, other, count) or _is_continued(record, other)
        evidence = "thread" if record.route.thread else "answer" if is_answered else ""
        starts = digests[power(count)], digests[power(min(count + 1, len(digests) - 1))]
        if not evidence or not self._index.is_alone(branch, starts):
            return None
        return Match(record=other, shared_items=count, whole=True, same_route=True, evidence=evidence)

    def _branch(self, record: Record, match: Match | None) -> Branch:
        """Return a turn's branch: that of the turn which it extends, or a new one. That turn is now superseded."""
        branch = None
        if match and match.whole and (branch := self._branch_of.get(match.record.number)):
            if old := self._latest.pop(match.record.number, None):
                self._superseded[old.number] = old
            branch = branch if branch.continues_with(record, match.record) else None
        branch = self._branch_of[record.number] = branch or Branch()
        return branch

    def _forget(self, records: OrderedDict[int, Record]) -> None:
        number, record = records.popitem(last=False)
        self._watched_since = max(record.sent_at, self._watched_since or 0.0)
        self._size -= _cost(record, self._answers.remove(record))
        self._responses.pop(record.response_id or "", None)
        self._shared.drop(record)
        self._index.remove(self._branch_of.pop(number), record)


def _is_readable(other: Record, record: Record) -> bool:
    """Return True if a turn had ended before this one was sent."""
    return other.ended_at is not None and other.ended_at <= record.sent_at


def _is_more(record: Record, other: Record) -> bool:
    """Return True if a turn was counted with no fewer tokens than another, as nearly always."""
    return record.usage is not None and other.usage is not None and record.usage.input >= other.usage.input


def _is_answered(record: Record, other: Record, count: int) -> bool:
    """Return True if what answered a turn comes next in one that extends it.

    A call or reasoning proves that. A message, which may be said in two conversations, does so where nothing new proves
    anything else.
    """
    answers, end = record.prompt.items.arrays.answers, count + len(other.outputs)
    given = [answer for answer in made_by(other) if answer in answers[count:end]]
    if any(map(is_unique, given)):
        return True
    is_said = any(not answer & SHORT for answer in given)
    return is_said and not any(map(is_unique, answers[end : len(record.prompt.items)]))


def _is_continued(record: Record, other: Record) -> bool:
    """Return True if a turn was known to continue another, and a call or reasoning of that one's input proves it.

    So it goes on from it, though not with what answered it: a client can leave that out.
    """
    items = other.prompt.items
    latest = items.arrays.answers[max(0, len(items) - _PROOFS) : len(items)]
    return record.continued == other.number and any(map(is_unique, latest))


def _attempt(record: Record, digest: int) -> object:
    """Return the entry of an attempt with this turn's ids and with a whole input of this digest."""
    route = record.route
    return route.caller, route.key, route.session, route.thread, digest


def _whole(record: Record) -> int:
    return record.prompt.items.whole_digest()


def _last_prefixes(digests: Sequence[int]) -> range:
    """Return the lengths of the prefixes that a turn is likely to share with the one that it extends, longest first."""
    count = len(digests) - 1
    return range(count, max(0, count - _LAST_PREFIXES), -1)


def _cost(record: Record, entries: int) -> int:
    return _TURN_COST + _OUTPUT_COST * len(record.outputs) + _ENTRY_COST * entries
