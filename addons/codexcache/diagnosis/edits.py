"""What a client edited in the input that its earlier turn had sent: kind, number, place, and a sentence.

All of it is worked out of digests, sizes and kinds of items; no text of a prompt is known here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..static_frozen import static_frozen
from ..text import ascii_only, counted
from ..turn.item_list import Items
from ..turn.shape import VOLATILE
from .alignment import DROPPED, MOVED, Alignment, Step, align

_REASONING = "reasoning"
_NAMES = {"compaction": "compaction item", "compaction_summary": "compaction item"} | {
    "context_compaction": "compaction item",
    "message": "message",
}


@static_frozen
class Edit:
    """All edits of one kind.

    `kind` is dropped, inserted, shortened, moved, rewritten or re-spelled, `count` how many items it was done to, and
    `item` what each of them is ("tool output"), "item" if they differ in that. `first` is the place of the first one in
    the turn's input, as "input[12]"; of a dropped one, and of one that moved, where it had stood. `in_old` is the index
    in the predecessor's items from which on the two differ by it. `volatile` names the kinds of what alone differs in
    all of them (`shape.VOLATILE`), and `is_at_end` is True if they were the predecessor's last items.
    """

    kind: str
    count: int
    item: str
    first: str
    in_old: int
    volatile: tuple[str, ...]
    is_at_end: bool
    sentence: str


def find_edits(new: Items, old: Items) -> tuple[Edit, ...]:
    """Return what was edited of a predecessor's items (`old`), the edit at the first difference first.

    None where the turn only appended to them.
    """
    return edits_of(align(new, old), new, old)


def edits_of(alignment: Alignment, new: Items, old: Items) -> tuple[Edit, ...]:
    """Return the edits that an alignment shows."""
    kinds = dict.fromkeys(step.kind for step in alignment.steps)
    groups = ([step for step in alignment.steps if step.kind == kind] for kind in kinds)
    return tuple(_edit(group, new, old, is_alone=len(kinds) == 1) for group in groups)


def edits_sentence(edits: Sequence[Edit]) -> str:
    """Return a sentence about the edits of an input, the second of which is mentioned."""
    return "; ".join(edit.sentence for edit in edits[:2])


def _edit(steps: list[Step], new: Items, old: Items, *, is_alone: bool) -> Edit:
    first = steps[0]
    names = {item_name(_item_kind(step, new, old)) for step in steps}
    edit = Edit(
        kind=first.kind,
        count=len(steps),
        item=names.pop() if len(names) == 1 else "item",
        first=_place(new, first.new) if first.kind not in (DROPPED, MOVED) else _place(old, first.old),
        in_old=first.at,
        volatile=_common_volatile(steps),
        is_at_end=[step.old for step in steps] == [*range(len(old) - len(steps), len(old))],
        sentence="",
    )
    return replace(edit, sentence=_sentence(edit, steps, new, old, is_alone=is_alone))


def _item_kind(step: Step, new: Items, old: Items) -> str:
    return (old[step.old] if step.new < 0 else new[step.new]).kind


def _place(items: Items, index: int) -> str:
    return f"input[{items[index].input_index}]"


def _common_volatile(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return all kinds of what differs, none if another difference is among them."""
    volatile = [step.volatile for step in steps]
    return tuple(kind for kind in VOLATILE if any(kind in kinds for kinds in volatile)) if all(volatile) else ()


def item_name(kind: str) -> str:
    """Return what an item is called in a sentence."""
    if kind == _REASONING or kind.endswith(" message"):
        return kind
    if kind.endswith(("_call", "_output")):
        return "tool call" if kind.endswith("_call") else "tool output"
    return _NAMES.get(kind) or f"{ascii_only(kind.replace('_', ' '), 48)} item"


def _sentence(edit: Edit, steps: list[Step], new: Items, old: Items, *, is_alone: bool) -> str:
    if edit.kind == DROPPED:
        return _dropped_sentence(edit, steps)
    if edit.kind == MOVED:
        return _moved_sentence(edit, steps, new, old, is_alone=is_alone)
    if edit.is_at_end:
        return _last_items(edit) + _reason(edit)
    if edit.count == 1 or edit.item == _REASONING:
        return f"{_one(edit.item)} was {edit.kind} {_places(edit, 'at')}{_reason(edit)}"
    return f"{_many(edit)} were {edit.kind}, the first at {edit.first}{_reason(edit)}"


def _dropped_sentence(edit: Edit, steps: list[Step]) -> str:
    if edit.is_at_end and edit.item.endswith(" message") and edit.count == 1:
        return _last_items(edit)
    if edit.item == _REASONING or edit.count == 1:
        return f"{_one(edit.item)} was dropped {_places(edit, 'from')}"
    if steps[-1].old - steps[0].old == edit.count - 1:
        cut = "history was cut: " if edit.is_at_end else ""
        return f"{cut}{_many(edit)} from {edit.first} on were dropped"
    return f"{_many(edit)} were dropped, the first from {edit.first}"


def _moved_sentence(edit: Edit, steps: list[Step], new: Items, old: Items, *, is_alone: bool) -> str:
    last = max(max(step.new, step.old) for step in steps)
    if is_alone and last < len(old):  # the same items in another order
        return f"the order of {last - edit.in_old + 1} items changed from {_place(old, edit.in_old)} on"
    to = _place(new, steps[0].new)
    if edit.count == 1:
        return f"{_one(edit.item)} was moved from {edit.first} to {to}"
    return f"{_many(edit)} were moved, the first from {edit.first} to {to}"


def _last_items(edit: Edit) -> str:
    if edit.count == 1:
        return f"the last {edit.item} of its predecessor, {edit.first}, was {edit.kind}"
    return f"the last {_many(edit)} of its predecessor, from {edit.first} on, were {edit.kind}"


def _places(edit: Edit, preposition: str) -> str:
    if edit.count == 1:
        return f"{preposition} {edit.first}"
    return f"{preposition} {edit.count:,} places, the first at {edit.first}"


def _one(item: str) -> str:
    return item if item == _REASONING else f"{'an' if item[0] in 'aeio' else 'a'} {item}"


def _many(edit: Edit) -> str:
    return counted(edit.count, "reasoning item" if edit.item == _REASONING else edit.item)


def _reason(edit: Edit) -> str:
    return f": {only_differs(edit.volatile)}" if edit.volatile else ""


def only_differs(volatile: Sequence[str]) -> str:
    """Return what alone differs, as in "only a date and white space differ"."""
    verb = "differs" if len(volatile) == 1 else "differ"
    return f"only {in_words(volatile)} {verb}"


def in_words(volatile: Sequence[str]) -> str:
    """Return kinds of what changes by itself, as in "a date, a time and white space"."""
    *first, last = (VOLATILE[kind] for kind in volatile)
    return f"{', '.join(first)} and {last}" if first else last
