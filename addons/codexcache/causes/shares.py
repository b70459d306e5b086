"""What remembered turns have in common, counted once, in bytes, for as long as any of them is remembered."""

from sys import getsizeof

from ..turns.columns import Items
from ..turns.prompt import Head

_TOOL_COST, _HEAD_COST = 240, 400
"""Bytes that a tool takes up beside its name: a tuple, a digest and a number; and a head beside its texts and tools."""

_ITEM_COST, _COLUMNS_COST = 42, 700
"""Bytes that an item takes up in columns, which grow a little ahead of it, and columns without any items."""


class SharedHeads:
    """The heads of an agent's prompts: equal ones are one and the same object."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, int] = {}

    def take(self, head: Head) -> None:
        """Count a turn with a head."""
        uses = self._uses.get(id(head), 0)
        self._uses[id(head)] = uses + 1
        self.size += 0 if uses else _weight(head)

    def drop(self, head: Head) -> None:
        """Count it no more."""
        uses = self._uses.pop(id(head))
        if uses > 1:
            self._uses[id(head)] = uses - 1
        else:
            self.size -= _weight(head)


class SharedColumns:
    """The columns of a conversation's items; they grow with its turns."""

    def __init__(self) -> None:
        self.size = 0
        self._uses: dict[int, tuple[int, int]] = {}

    def take(self, items: Items) -> None:
        """Count a turn with some items."""
        uses, weight = self._uses.get(id(items.columns), (0, 0))
        longer = max(weight, _COLUMNS_COST + _ITEM_COST * len(items))
        self._uses[id(items.columns)] = uses + 1, longer
        self.size += longer - weight

    def drop(self, items: Items) -> None:
        """Count it no more."""
        uses, weight = self._uses.pop(id(items.columns))
        if uses > 1:
            self._uses[id(items.columns)] = uses - 1, weight
        else:
            self.size -= weight


def _weight(head: Head) -> int:
    """Return the bytes that a head takes up."""
    return _HEAD_COST + getsizeof(head.instructions) + sum(_TOOL_COST + getsizeof(tool.name) for tool in head.tools)
