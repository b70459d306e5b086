"""Histories of turns, and what is found in them."""

from collections.abc import Sequence

from codexcache.body.json_splice import Json, Object
from codexcache.diagnosis.history import History
from codexcache.turn.record import Record

from support.records import record
from support.turns import conversation

type Found = tuple[int, int] | None
"""The number of a predecessor, and how many items it shares with the turn."""

ITEMS = conversation("a", "b", "c", "d", "e")


def remembering(*records: Record, limit: int = 1 << 20) -> History:
    """Return a history of turns, each with what it was found to extend."""
    history = History(limit)
    for one in records:
        found = history.predecessor(one)
        one.conversation = found.record.conversation if found else one.number
        history.add(one, found)
    return history


def found(history: History, mine: Record) -> Found:
    """Return the number of the predecessor and how many items they share."""
    match = history.predecessor(mine)
    return (match.record.number, match.shared_items) if match else None


def turns(*inputs: Sequence[Json], body: Object | None = None) -> list[Record]:
    """Return turns that follow one another."""
    return [record(n, given, at=10.0 * n, body=body) for n, given in enumerate(inputs, 1)]


def now(items: Sequence[Json], body: Object | None = None, **given: object) -> Record:
    return record(99, items, at=1000.0, body=body, **given)  # type: ignore[arg-type]
