"""The turns that are remembered, and which of them a new one is compared with.

The predecessor of a turn is the one whose prompt stands again at the head of this one, the furthest in items: not the
last request, and not merely the same key, which titles, sub-agents and compaction calls share. Only a turn that had
ended with usage before this one was sent can be one, because only then can its prompt have been cached.

What stands again is evidence of one conversation only if others could not share it. All conversations of an agent begin
with what sets it up; those with one opening are alike until they are answered. So where the client itself tells two
turns apart, by key, session or thread, or another caller sent one of them, an answer has to stand in both.

Turns are found by what stands for a whole head of items. A turn is listed under its last head and under the heads of
1, 2, 4, 8, … items, so that it costs a few entries, not one for each item; what shares such a head is then compared
exactly. What is remembered is bounded in bytes, and the least recently listed turns go first.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from sys import getsizeof
from typing import cast

from .prompt import Prompt, Tool
from .record import Record

MEMORY = 128 << 20
"""Bytes of prompts that are remembered, as far as they can be counted."""

_ALIKE = 16
"""Turns listed under one head or key; of more than these, the oldest can no longer be found by it."""

_ITEM_COST, _OUTPUT_COST, _TURN_COST = 34, 200, 6000
"""Bytes that an item, an item of the answer and a turn take up in memory, measured on CPython 3.13.

The last is that of a turn that shares no head with another. What turns share is counted apart.
"""

_TOOL_COST = 240
"""Bytes that a tool takes up beside its name: a tuple, a digest and a number."""

_FROM_THE_CLIENT = frozenset(
    {"user message", "developer message", "system message", "message", "additional_tools", "compaction_trigger"}
)
"""Items that stand in an input before anything was answered."""

_SETTING = frozenset({"developer message", "system message", "additional_tools"})
"""Items that set an agent up. All of its conversations begin with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A predecessor, and how many items at the head are the same."""

    record: Record
    head: int

    @property
    def whole(self) -> bool:
        """Whether the predecessor's whole input stands again."""
        return self.head == len(self.record.prompt.items)


class History:
    """Finished turns, by what their input's heads are and by key.

    A turn that a later one has extended is superseded: it goes before any that is still the last of its line.
    """

    def __init__(self, limit: int = MEMORY) -> None:
        self._limit = limit
        self._size = 0
        self._latest: OrderedDict[int, Record] = OrderedDict()
        self._superseded: OrderedDict[int, Record] = OrderedDict()
        self._listed: dict[object, tuple[Record, ...]] = {}
        self._shared = Shared()

    def __len__(self) -> int:
        return len(self._latest) + len(self._superseded)

    @property
    def size(self) -> int:
        """Bytes that are remembered, as far as they can be counted."""
        return self._size + self._shared.size

    def add(self, record: Record, match: Match | None) -> None:
        """Remember a turn that has ended with usage, and what it was found to go on with."""
        record.prompt = self._shared.take(record.prompt)
        self._latest[record.number] = record
        self._size += _cost(record)
        for entry in _entries(record):
            self._listed[entry] = (*self._listed.get(entry, ()), record)[-_ALIKE:]
        if match and match.whole and (old := self._latest.pop(match.record.number, None)):
            self._superseded[old.number] = old
        while self.size > self._limit and len(self) > 1:
            self._forget(self._superseded or self._latest)

    def predecessor(self, record: Record) -> Match | None:
        """Return what the turn is compared with, or None where no earlier turn of its conversation is known.

        The first turn that gives enough evidence shows which conversation it is; its best turn is the predecessor.
        """
        found = {other.number: other for other in self._candidates(record)}.values()
        matches = [Match(record=other, head=record.prompt.items.common_head(other.prompt.items)) for other in found]
        passed = list[Match]()
        for match in _ranked(record, _kin(record, _without_strangers(record, matches))):
            passed.append(match)
            if _is_same_conversation(record, match):
                return next(one for one in passed if one.record.conversation == match.record.conversation)
        return None

    def _candidates(self, record: Record) -> Iterator[Record]:
        """Yield turns that may share a head, a key or a history with this one."""
        if record.named is not None and record.named.usage is not None:
            yield record.named
        if not record.complete:
            return
        for entry in (*_heads(record), ("key", record.route.key)):
            yield from (other for other in self._listed.get(entry, ()) if _could_be_read(other, record))

    def _forget(self, shelf: OrderedDict[int, Record]) -> None:
        """Forget the turn that has been longest on a shelf."""
        _, record = shelf.popitem(last=False)
        self._size -= _cost(record)
        self._shared.drop(record.prompt)
        for entry in _entries(record):
            rest = tuple(other for other in self._listed.pop(entry, ()) if other is not record)
            if rest:
                self._listed[entry] = rest


def _could_be_read(other: Record, record: Record) -> bool:
    """Tell whether a turn had ended, with usage, before this one was sent; a warm-up counts only where it is named."""
    return not other.warm_up and other.ended_at is not None and other.ended_at <= record.sent_at


def _kin(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other agents and, where this turn extends one of its own, those that only happened to begin alike."""
    agents = [match for match in matches if not _looks_like_another_agent(record, match.record)]
    own = [match for match in agents if not _is_told_apart(record, match.record)]
    if not any(match.whole and match.head for match in own):
        return agents
    return [match for match in agents if match.whole or not _is_told_apart(record, match.record)]


def _ranked(record: Record, matches: list[Match]) -> Iterator[Match]:
    """Yield matches, the best first; what takes long to find out is only asked where heads are equal."""
    for _, alike in groupby(sorted(matches, key=_head, reverse=True), _head):
        yield from sorted(alike, key=lambda match: _rank(record, match), reverse=True)


def _head(match: Match) -> int:
    return match.head


def _without_strangers(record: Record, matches: list[Match]) -> list[Match]:
    """Leave out other callers' turns where this one goes on with a turn of its own."""
    if not any(_is_surely_gone_on_with(record, match) for match in matches):
        return matches
    return [match for match in matches if _is_own(record, match.record)]


def _is_surely_gone_on_with(record: Record, match: Match) -> bool:
    """Tell whether a turn of the same caller was answered with what stands next in this one.

    Another caller may have had the very same conversation, and further: its cache is none that this turn can read.
    """
    other = match.record
    answered = _answers_that_follow(record, match) == len(other.outputs) > 0
    return match.whole and _is_own(record, other) and (answered or (other is record.named and match.head > 0))


def _rank(record: Record, match: Match) -> tuple[int | bool, ...]:
    """Rank turns with equal heads: first what this turn extends whole unless history was compacted, then the latest.

    But a turn can go back to an earlier one, or have a later one's history edited behind that: then what was edited is
    the predecessor. And conversations with one opening are alike until they are answered: so the turn that is named
    comes first, then the one whose answer stands next, and before the latest the one with more of the same identity.
    """
    other, answered = match.record, _answers_that_follow(record, match)
    return (
        other is record.named,
        answered == len(other.outputs) > 0,
        _is_edited(record, match),
        answered > 0,
        match.whole and not _new_compactions(record, other),
        _kinship(record, other),
        other.number,
    )


def _answers_that_follow(record: Record, match: Match) -> int:
    """Return how many items of the predecessor's answer stand next in this turn, which then goes on with it."""
    outputs = match.record.outputs if match.whole else ()
    given = record.prompt.items.digests(match.head, match.head + len(outputs))
    return sum(output.digest in given for output in outputs)


def _is_edited(record: Record, match: Match) -> bool:
    """Tell whether answers behind the first difference stand again: they were not given anew."""
    return not match.whole and not _FROM_THE_CLIENT.issuperset(_standing_again(record, match).values())


def _kinship(record: Record, other: Record) -> int:
    """Return how much of what tells senders, conversations and agents apart is the same."""
    mine, theirs = record.route, other.route
    return sum(
        (
            (mine.caller, mine.account) == (theirs.caller, theirs.account),
            mine.key == theirs.key,
            mine.session == theirs.session,
            mine.thread == theirs.thread,
        )
    )


def _is_same_conversation(record: Record, match: Match) -> bool:
    """Tell whether what stands again is enough to speak of one conversation."""
    other, total = match.record, len(match.record.prompt.items)
    if other is record.named:
        return True
    if match.whole and total:
        return _is_own(record, other) or _shows_an_answer(record, match)
    return _is_own(record, other) and (_shares_a_head(record, match) if match.head else _shares_a_rest(record, match))


def _is_own(record: Record, other: Record) -> bool:
    """Tell whether another turn can be of this turn's conversation without further evidence."""
    return other.route.caller == record.route.caller or _is_same_key(record, other)


def _shows_an_answer(record: Record, match: Match) -> bool:
    """Tell whether this turn knows what was answered, which another caller with the same opening does not."""
    theirs, mine = match.record.prompt.items.kinds(), record.prompt.items.kinds()
    if not _FROM_THE_CLIENT.issuperset(theirs):
        return True
    follows = not _FROM_THE_CLIENT.issuperset(mine[match.head :])
    return _answers_that_follow(record, match) > 0 if match.record.outputs else follows


def _shares_a_head(record: Record, match: Match) -> bool:
    """Tell whether a partial head is more than what all conversations of an agent begin with."""
    other, common = match.record, _common_kinds(record, match)
    if _new_compactions(record, other) and _is_same_key(record, other) and not _is_told_apart(record, other):
        return True
    if common <= (_FROM_THE_CLIENT if _is_told_apart(record, other) else _SETTING):
        return False
    half = 2 * match.head >= len(other.prompt.items)
    return half or _new_compactions(record, other) or bool(_standing_again(record, match))


def _shares_a_rest(record: Record, match: Match) -> bool:
    """Tell whether a turn that begins otherwise goes on with what is left of a history.

    Its oldest items were dropped or edited, or all of it was compacted.
    """
    other = match.record
    if not _is_same_key(record, other) or _is_told_apart(record, other):
        return False
    if _new_compactions(record, other):
        return True
    mine, theirs, rest = record.prompt, other.prompt, _standing_again(record, match)
    if mine.instructions != theirs.instructions or mine.tools != theirs.tools or not rest:
        return False
    return not set(rest.values()) <= _FROM_THE_CLIENT or (0 in rest and not set(rest.values()) <= _SETTING)


def _common_kinds(record: Record, match: Match) -> set[str]:
    """Return the kinds of the items that stand in both turns."""
    return {*record.prompt.items.kinds()[: match.head], *_standing_again(record, match).values()}


def _standing_again(record: Record, match: Match) -> dict[int, str]:
    """Return the kinds of the items behind the first difference that stand again further on, by index."""
    later, items = set(match.record.prompt.items.digests(match.head)), record.prompt.items
    again = enumerate(items.digests(match.head), match.head)
    return {index: items.kinds()[index] for index, digest in again if digest in later}


def _is_told_apart(record: Record, other: Record) -> bool:
    """Tell whether the client itself says that two turns are of different conversations or agents."""
    mine, theirs = record.route, other.route
    threads = mine.thread and theirs.thread and mine.thread != theirs.thread
    sessions = mine.session and theirs.session and mine.session != theirs.session
    return bool(threads or sessions or mine.key != theirs.key)


def _is_same_key(record: Record, other: Record) -> bool:
    return record.route.key is not None and record.route.key == other.route.key


def _new_compactions(record: Record, other: Record) -> bool:
    return not record.prompt.compactions <= other.prompt.compactions


def _looks_like_another_agent(record: Record, other: Record) -> bool:
    """Tell a title request, say, from the turn with the same opening: none of its tools, and other instructions."""
    if other is record.named:
        return False
    mine, theirs = {tool.name for tool in record.prompt.tools}, {tool.name for tool in other.prompt.tools}
    return (
        mine.isdisjoint(theirs) and mine != theirs and record.prompt.instructions[:64] != other.prompt.instructions[:64]
    )


def _heads(record: Record) -> Iterable[object]:
    """Yield the heads under which turns that share items with this one are listed, the longest first."""
    items = record.prompt.items
    powers = [1 << exponent for exponent in range(len(items).bit_length())]
    ends = range(len(items), max(0, len(items) - 64), -1)
    return dict.fromkeys(items.head(count) for count in (*ends, *reversed(powers)))


def _entries(record: Record) -> Iterable[object]:
    """Yield what a turn is listed under."""
    items = record.prompt.items
    powers = [1 << exponent for exponent in range(len(items).bit_length())]
    return dict.fromkeys((*(items.head(count) for count in (*powers, len(items)) if count), ("key", record.route.key)))


def _cost(record: Record) -> int:
    return _TURN_COST + _ITEM_COST * len(record.prompt.items) + _OUTPUT_COST * len(record.outputs)


class Shared:
    """Tools and instructions, which the turns of an agent have in common, kept once; `size` is their bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._kept: dict[object, tuple[object, int]] = {}

    def take(self, prompt: Prompt) -> Prompt:
        """Return the prompt with the kept tools and instructions in the place of its own."""
        return replace(prompt, tools=self._take(prompt.tools), instructions=self._take(prompt.instructions))

    def drop(self, prompt: Prompt) -> None:
        """Let go of what no turn has any more."""
        for value in (prompt.tools, prompt.instructions):
            kept, uses = self._kept.pop(value)
            if uses > 1:
                self._kept[value] = kept, uses - 1
            else:
                self.size -= _weight(value)

    def _take[V: (str, tuple[Tool, ...])](self, value: V) -> V:
        kept, uses = self._kept.get(value, (value, 0))
        self._kept[kept] = kept, uses + 1
        self.size += 0 if uses else _weight(value)
        return cast(V, kept)


def _weight(value: str | tuple[Tool, ...]) -> int:
    """Return the bytes that instructions or tools take up."""
    if isinstance(value, str):
        return getsizeof(value)
    return sum(_TOOL_COST + getsizeof(tool.name) for tool in value)
