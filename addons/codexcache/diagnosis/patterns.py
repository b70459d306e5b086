"""Causes that come again: one sentence that says so, instead of the same one on each turn as if it were news.

A cause is a pattern from its third time on. Three have a sentence of their own, because the remedy is another one: two
system prompts that take turns, two agents with one key, and accounts that rotate. They show in the latest turns of a
conversation or of a key, of which a few are remembered; any other is counted by the ledger of the conversation.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..turn.ledger import Ledger
from ..turn.record import Record
from ..verdicts import MISSES

OFTEN = 3
"""Times from which on something is a pattern."""

_LATEST = 6
"""Turns that are remembered of a conversation, or of a key."""

_PLACES = 4_000
"""Conversations and keys of which turns are remembered, the latest."""

_SMALL = 1024
"""Tokens below which nothing was read that matters."""

_KINDS = {
    "date": "a date",
    "time": "a time",
    "UUID": "a UUID",
    "counter": "a counter",
    "path": "a path",
    "white space": "white space",
    "order": "the order",
}
"""What a difference consists of where it comes by itself, in words."""

_PROMPT_CHANGES = ("tools_changed", "instructions_changed")
_UNEXPLAINED = ("transport_changed", "key_overloaded", "upstream")


class Seen(NamedTuple):
    """A turn by what can take turns; `little` if it read at most tools and instructions."""

    instructions: int
    account: str
    conversation: tuple[str, int]
    little: bool


class RecentTurns:
    """The latest turns of each conversation and of each key, as few and as little of them as patterns take."""

    def __init__(self, limit: int = _PLACES) -> None:
        self._limit = limit
        self._places: OrderedDict[object, tuple[Seen, ...]] = OrderedDict()

    def add(self, record: Record) -> None:
        """Take in a turn that has ended, with its ledger; one that is not part of a talk is not remembered."""
        if record.usage and not record.warm_up and record.endpoint == "responses":
            seen = _seen(record, record.ledger)
            for place in _places(record):
                self._places[place] = (*self._places.get(place, ()), seen)[-_LATEST:]
                self._places.move_to_end(place)
            while len(self._places) > self._limit:
                self._places.popitem(last=False)

    def of_conversation(self, record: Record, before: Ledger) -> Sequence[Seen]:
        """Return the latest turns of a turn's conversation, that turn last; it has not been added yet."""
        return *self._places.get(_conversation(record), ()), _seen(record, before)

    def of_key(self, record: Record, before: Ledger) -> Sequence[Seen]:
        """Return the latest turns of a turn's key, that turn last; it has not been added yet."""
        return *self._places.get(record.route.key, ()), _seen(record, before)


def pattern(record: Record, before: Ledger, name: str, volatile: Sequence[str], recent: RecentTurns) -> str:
    """Return what a verdict is a case of, to be appended to its reason behind a semicolon; "" for nothing.

    `before` is the predecessor's ledger, so it counts neither this turn nor its verdict, which has this `name` and
    these `volatile` kinds of difference; nor has the turn been added to the `recent` ones.
    """
    if name not in MISSES or not record.usage:
        return ""
    found = (
        _two_prompts(recent.of_conversation(record, before)) if name in _PROMPT_CHANGES else "",
        _accounts(recent.of_conversation(record, before)) if name == "account_changed" else "",
        _two_agents(recent.of_key(record, before)) if name in _UNEXPLAINED else "",
    )
    return next(filter(None, found), "") or _again(before, name, volatile)


def _two_prompts(seen: Sequence[Seen]) -> str:
    if not _take_turns([each.instructions for each in seen]):
        return ""
    return "two system prompts are used by turns in this conversation, and neither reads what was cached with the other"


def _accounts(seen: Sequence[Seen]) -> str:
    accounts = [each.account for each in seen]
    changes = sum(one != other for one, other in pairwise(accounts))
    if changes < OFTEN:
        return ""
    among, latest = len(set(accounts)), len(accounts) - 1
    return f"the account changed on {changes} of the last {latest} turns, among {among} accounts, so they are rotated"


def _two_agents(seen: Sequence[Seen]) -> str:
    little = [each.little for each in seen[-4:]]
    if not _take_turns([each.conversation for each in seen]) or sum(little) < OFTEN or not all(little[-2:]):
        return ""
    return (
        "two conversations take turns under this key, and each reads at most the tools and instructions that both "
        "begin with: give each a key of its own"
    )


def _take_turns(values: Sequence[object]) -> bool:
    """Return True if the last four are two that alternate."""
    one, other, *rest = (*[None] * 4, *values)[-4:]
    return one is not None and one != other and rest == [one, other]


def _again(before: Ledger, name: str, volatile: Sequence[str]) -> str:
    """Return on how many turns of the conversation this was the cause, and in what the difference always consisted."""
    if (times := before.count(name) + 1) < OFTEN:
        return ""
    kinds = [_KINDS.get(kind, kind) for kind in _always(before, name, volatile)]
    always = f", always {' and '.join(kinds)}" if kinds else ""
    following = max(times, before.turns)  # the first turn has no predecessor
    return f"the same on {times:,} of {following:,} turns of this conversation{always}"


def _always(before: Ledger, name: str, volatile: Sequence[str]) -> Iterator[str]:
    """Yield the kinds that each earlier difference of this name had, too.

    The ledger counts kinds and verdicts apart, so as many turns are left out as may have had a kind under other names.
    """
    others = sum(before.count(other) for other in MISSES if other != name)
    return (kind for kind in volatile if before.count(kind) - others >= before.count(name))


def _seen(record: Record, ledger: Ledger) -> Seen:
    cached = record.usage.cached if record.usage else None
    little = cached is not None and cached <= max(ledger.floor, _SMALL)
    return Seen(record.prompt.prefix.instructions.digest, record.route.account, _conversation(record), little)


def _places(record: Record) -> Iterator[object]:
    """Yield what a turn is remembered under: its conversation, and its key where it has one."""
    yield _conversation(record)
    if record.route.key is not None:
        yield record.route.key


def _conversation(record: Record) -> tuple[str, int]:
    return record.conversation_run, record.conversation
