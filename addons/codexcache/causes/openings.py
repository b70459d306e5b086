"""Which conversation a turn opens that goes on with none that is known.

A first turn that failed is tried again, and no attempt is a predecessor of the next one, since none left anything in
the cache. They are one conversation all the same.
"""

from collections import OrderedDict

from ..turns.record import Record

_MOST = 1_000
"""Openings that are remembered; a retry comes soon."""


class Openings:
    """The conversations that were opened last, by all that tells one from another; `most` of them are remembered."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: OrderedDict[int, int] = OrderedDict()

    def conversation(self, record: Record) -> int:
        """Return the number of the conversation that a turn opens: its own, or that of the first such attempt."""
        items, route = record.prompt.items, record.route
        opening = route.caller, route.key, route.session, route.thread, record.prompt.head, items.head(len(items))
        number = self._known.setdefault(hash(opening), record.number)  # a hash keeps no instructions in memory
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return number
