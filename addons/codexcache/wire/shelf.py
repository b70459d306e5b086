"""Bodies that a later one may start with, found by what they begin with, and bounded in bytes.

A body is found by a few bytes at a place not far before the end of its last item. The places are the same for all
bodies, each some 6 % further than the one before, so a new body is asked at a few dozen of them, the last one first.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from .body import SHORTEST, Known

_PLACES = [int(SHORTEST * 1.06**step) for step in range(200)]
_WINDOW = 32

type _Place = tuple[int, bytes]


class Shelf[M]:
    """Bodies by place, of `limit` bytes; one of more than a quarter of them is not put here."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.size = 0
        self._known: OrderedDict[_Place, Known[M]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def begun_by(self, text: bytes) -> Iterator[Known[M]]:
        """Yield the known bodies that a text starts with, the longest first."""
        for index in range(bisect_right(_PLACES, len(text)) - 1, -1, -1):
            place = _PLACES[index]
            if (known := self._known.get((place, text[place - _WINDOW : place]))) and known.begins(text):
                yield known

    def put(self, known: Known[M]) -> None:
        """Put a body here, in the place of one that cannot be told from it there; the oldest ones go for it."""
        if (cost := known.cost) > self._limit // 4:
            return
        self._forget(place := _place(known))
        self._known[place] = known
        self.size += cost
        while self.size > self._limit:
            self._forget(next(iter(self._known)))

    def drop(self, known: Known[M]) -> bool:
        """Take a body away; tell whether it was here."""
        if is_here := self._known.get(place := _place(known)) is known:
            self._forget(place)
        return is_here

    def _forget(self, place: _Place) -> None:
        if old := self._known.pop(place, None):
            self.size -= old.cost


def _place[M](known: Known[M]) -> _Place:
    """Return the last place in a body's head, and the bytes before it."""
    place = _PLACES[bisect_right(_PLACES, known.end) - 1]
    return place, bytes(known.head[place - _WINDOW : place])
