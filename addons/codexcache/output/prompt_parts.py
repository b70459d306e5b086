"""The parts of a prompt as a page shows them: what is as in the predecessor, what was edited, what is new.

Tools and instructions are one part each, the items of the input are runs: consecutive items to which the same was done.
What was dropped, or moved away, has a part where it had stood.
"""

from collections import Counter, deque
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from ..body.json_splice import Json
from ..diagnosis.alignment import DROPPED, INSERTED, MOVED, align
from ..diagnosis.edits import item_name
from ..diagnosis.match import Match
from ..diagnosis.prompt_diff import Change
from ..text import counted
from ..turn.item_list import Items
from ..turn.record import Record

SAME, CHANGED, NEW = "same", "changed", "new"
"""States of a part: as in the predecessor; the first that differs; not in it. Others are the kinds of edits."""

MOVED_AWAY = "moved away"
"""The state of items where they had stood in the predecessor, and no longer stand."""

_GONE = (DROPPED, MOVED_AWAY)
_MOST = 16
"""Runs that are listed one by one; what follows is summed up."""


class _Run(NamedTuple):
    """Consecutive items in one state; those that are gone are the predecessor's."""

    state: str
    items: Items
    start: int
    end: int

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self.items.size(self.end) - self.items.size(self.start)

    @property
    def name(self) -> str:
        """The places of the items in the input that they are from, and how many; of one, its kind."""
        arrays, count = self.items.arrays, self.end - self.start
        first, last = arrays.indexes[self.start], arrays.indexes[self.end - 1]
        was = "was " if self.state in _GONE else ""
        more = f" to input[{last}], {count:,} items" if count > 1 else f" {item_name(arrays.kinds[self.start])}"
        return f"{was}input[{first}]{more}"


def prompt_parts(record: Record, match: Match | None, changes: tuple[Change, ...]) -> Iterator[Json]:
    """Yield the prompt's parts in their order: name, bytes, state."""
    names = {change.name for change in changes}
    prefix = record.prompt.prefix
    tools, instructions = (
        NEW if not match else CHANGED if name in names else SAME for name in ("tools_changed", "instructions_changed")
    )
    yield [counted(len(prefix.tools), "tool"), sum(tool.size for tool in prefix.tools), tools]
    yield ["instructions", prefix.instructions.length, instructions]
    yield from _item_parts(record.prompt.items, match)


def _item_parts(items: Items, match: Match | None) -> Iterator[Json]:
    runs = [*_runs(items, match)]
    first = next((run for run in runs if run.state not in (SAME, NEW)), None)
    for run in runs[:_MOST]:
        is_first = run is first and run.state not in _GONE
        yield [f"{run.name}, {run.state}", run.size, CHANGED] if is_first else [run.name, run.size, run.state]
    yield from _summed_up(runs[_MOST:])


def _summed_up(runs: list[_Run]) -> Iterator[Json]:
    """Yield one part for all runs of a state."""
    counts, sizes = Counter[str](), Counter[str]()
    for run in runs:
        counts[run.state] += run.end - run.start
        sizes[run.state] += run.size
    for state, count in counts.items():
        yield [counted(count, "more item"), sizes[state], state]


def _runs(items: Items, match: Match | None) -> Iterator[_Run]:
    """Yield the runs of a turn's items, and between them those that are gone."""
    shared = match.shared_items if match else 0
    if shared:
        yield _Run(SAME, items, 0, shared)
    if match and not match.whole:
        yield from _edited_runs(items, match.record.prompt.items)
    elif shared < len(items):
        yield _Run(NEW, items, shared, len(items))


def _edited_runs(items: Items, old: Items) -> Iterator[_Run]:
    """Yield the runs behind the items that two inputs begin with."""
    places = enumerate(_states(items, old))
    for (state, _), run in groupby(places, lambda place: (place[1][0], place[1][1] - place[0])):
        indexes = [index for _, (_, index) in run]
        yield _Run(state, old if state in _GONE else items, indexes[0], indexes[-1] + 1)


def _states(items: Items, old: Items) -> Iterator[tuple[str, int]]:
    """Yield the state and index of each item behind the shared ones, and of those that are gone where they stood."""
    shared, kept, steps = align(items, old)
    edited = {step.new: step.kind for step in steps}
    stood = {step.new: step.old for step in steps if step.kind not in (INSERTED, MOVED)} | dict(kept)
    gone = {
        step.old: DROPPED if step.kind == DROPPED else MOVED_AWAY for step in steps if step.kind in (DROPPED, MOVED)
    }
    left = deque(sorted(gone))
    for index in range(shared, len(items)):
        if index in stood or index not in edited:
            before = stood.get(index, len(old))  # what was appended stands behind all
            while left and left[0] < before:
                yield gone[left[0]], left.popleft()
        yield edited.get(index, SAME if index in stood else NEW), index
    yield from ((gone[index], index) for index in left)
