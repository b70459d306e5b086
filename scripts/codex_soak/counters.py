"""What the clients did, kind by kind: the turns that the journal has to have, each once."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson


class Kind(NamedTuple):
    """What is known of a turn at both ends: the endpoint, the transport as the addon calls it, and the status."""

    endpoint: str
    transport: str
    status: int


class Counters:
    """The clients' own count: turns by kind, and steps of their scenarios by name."""

    def __init__(self) -> None:
        self.turns: Counter[Kind] = Counter()
        self.events: Counter[str] = Counter()

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
