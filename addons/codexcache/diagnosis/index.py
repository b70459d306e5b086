"""What remembered turns are found by: what their prompts begin with, their ids, and their answers.

The first n items of a turn have a digest, for each n, and two turns with the same digest for n begin with the same n
items. So a turn that a new one extends is found by the digests of the new one's longest prefixes.

For a turn that the new one does not extend, which edited or dropped items, there are branches: a branch is a sequence
of turns with the same own ids, each of which extends the whole input of the one before. What the first begins with, all
others do. So a branch is listed once for all its turns: under its thread, its key, its session, its tools and
instructions, and the digests of its first 1, 2, 4, 8, … items. A turn that extends it costs nothing there, until the
next power of two.

The turn that was answered with an item is found by what identifies that item, wherever it stands in the new one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ..turn.items import SHORT
from ..turn.record import Record

LATEST = 16
"""Branches or turns listed under one entry, and turns of a branch that are looked at; of more, the latest ones."""

_LATEST_ANSWERS = 32
"""Answers in an input that are looked up, the latest ones."""


class Branch:
    """Turns each of which extends the one before, and what they are listed under: of their sessions, the first few."""

    __slots__ = ("entries", "heads", "records", "sessions")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.entries: list[object] = []
        self.sessions: set[str | None] = {None}
        self.heads = 0

    def continues_with(self, record: Record, earlier: Record) -> bool:
        """Return True if a turn that extends an earlier one whole belongs here."""
        new, old = record.route, earlier.route
        return self.records[-1] is earlier and (new.key, new.thread) == (old.key, old.thread)

    def latest(self) -> Sequence[Record]:
        """Return the latest turns."""
        return self.records[-LATEST:]


class BranchIndex:
    """Turns by the digest of their whole input, and branches by what they are listed under."""

    def __init__(self) -> None:
        self.ends: dict[int, list[Record]] = {}
        self._listed: dict[object, list[Branch]] = {}

    def is_alone(self, branch: Branch, entries: Iterable[object]) -> bool:
        """Return True if no other branch is listed under any of some entries."""
        return all(one is branch for entry in entries for one in self._listed.get(entry, ()))

    def under(self, entries: Iterable[object]) -> Iterator[Branch]:
        """Yield the branches that are listed under some entries."""
        return chain.from_iterable([self._listed.get(entry, ()) for entry in entries])

    def append(self, branch: Branch, record: Record) -> None:
        """Put a turn at the end of a branch."""
        digests = record.prompt.items.prefix_digests()
        ends = self.ends.setdefault(digests[-1], [])
        ends.append(record)
        del ends[:-LATEST]
        branch.records.append(record)
        if not branch.entries:
            for entry in (*ids_of(record), head_of(record)):
                self._list(entry, branch)
        if (session := record.route.session) not in branch.sessions and len(branch.sessions) < LATEST:
            branch.sessions.add(session)
            self._list(session_of(record), branch)
        while (count := 1 << branch.heads) < len(digests):
            branch.heads += 1
            self._list(digests[count], branch)

    def remove(self, branch: Branch, record: Record) -> None:
        """Take a turn out of its branch, usually the first one; a branch without turns is forgotten."""
        end = record.prompt.items.prefix_digests()[-1]
        if rest := [one for one in self.ends.pop(end, ()) if one is not record]:
            self.ends[end] = rest
        del branch.records[next(at for at, one in enumerate(branch.records) if one is record)]
        if not branch.records:
            for entry in branch.entries:
                self._unlist(entry, branch)

    def _list(self, entry: object, branch: Branch) -> None:
        branch.entries.append(entry)
        listed = self._listed.setdefault(entry, [])
        listed.append(branch)
        if len(listed) > LATEST:
            listed.remove(min(listed[:-1], key=lambda one: (one.records[-1].sent_at, one.records[-1].number)))

    def _unlist(self, entry: object, branch: Branch) -> None:
        if rest := [one for one in self._listed.pop(entry, ()) if one is not branch]:
            self._listed[entry] = rest


class AnswerIndex:
    """Turns by what answered them."""

    def __init__(self) -> None:
        self._turns: dict[object, list[Record]] = {}
        self._entries: dict[int, tuple[object, ...]] = {}

    def add(self, record: Record) -> int:
        """List a turn; return under how many entries."""
        opening = opening_of(record)
        made = [_entry(output.answer, opening) for output in record.outputs if output.answer]
        entries = self._entries[record.number] = tuple(dict.fromkeys(made))
        for entry in entries:
            self._turns[entry] = [*self._turns.get(entry, ()), record][-LATEST:]
        return len(entries)

    def find(self, record: Record) -> Iterator[Record]:
        """Yield the turns that made the latest answers in a turn's input."""
        answers = record.prompt.items.latest_answers(_LATEST_ANSWERS)
        opening = opening_of(record) if any(answer & SHORT for answer in answers) else None
        return chain.from_iterable([self._turns.get(_entry(answer, opening), ()) for answer in answers])

    def remove(self, record: Record) -> int:
        """Take a turn out; return under how many entries it was listed."""
        entries = self._entries.pop(record.number)
        for entry in entries:
            if rest := [one for one in self._turns.pop(entry, ()) if one is not record]:
                self._turns[entry] = rest
        return len(entries)


def _entry(answer: int, opening: int | None) -> object:
    """Return what a turn is listed under by an answer; a short one is another after another opening."""
    return (answer, opening) if answer & SHORT else answer


def opening_of(record: Record) -> int | None:
    """Return the digest of the first message of the user, None where there is none."""
    arrays, count = record.prompt.items.arrays, len(record.prompt.items)
    return next((arrays.digests[at] for at in range(count) if arrays.kinds[at] == "user message"), None)


def ids_of(record: Record) -> list[object]:
    """Return the entries of a turn's thread and key."""
    ids = ("thread", record.route.thread), ("key", record.route.key)
    return [(name, value) for name, value in ids if value]


def session_of(record: Record) -> object:
    """Return the entry of a turn's session, which can be another on each turn of a branch."""
    return "session", record.route.session


def head_of(record: Record) -> object:
    """Return the entry of what a caller's turn begins with before its items: tools and instructions."""
    prefix = record.prompt.prefix
    return "head", record.route.caller, prefix.instructions.digest, hash(prefix.tools)


def powers(most: int) -> list[int]:
    """Return the powers of two up to a count."""
    return [1 << exponent for exponent in range(most.bit_length())]


def power(count: int) -> int:
    """Return the largest power of two that is not above a count, which is at least one."""
    return 1 << count.bit_length() - 1
