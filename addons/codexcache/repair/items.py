"""The items of an input, each compared with what was sent in its place.

They are compared from the first on, up to the first that says something else: behind that, nothing can be read from the
cache, so nothing is repaired there. Items that are spelled as they were are recognized by their bytes, so a long input
costs a comparison of bytes and the parse of what is new.
"""

import re
from collections.abc import Iterator, Sequence

from ..turn.repaired import Part
from .parts import Place, Repaired, repair_tools
from .spelling import Unlike, elements_from, end_of, is_element, is_same, next_element, value_of
from .tool_order import arranged_within
from .volatile import difference_of_messages, texts_of_developer

_LIST_START = re.compile(rb"\[[ \t\n\r]*+")

_EARLY = 8
"""Items among which the first developer message is looked for."""

type Items = tuple[bytes, ...]
"""The items of an input, each as it is spelled."""


def repair_items(known: Items, since: float, text: bytes, start: int, place: Place) -> tuple[Items, Repaired]:
    """Return the items of the list that begins at `start` as they go out, and what is repaired. Raises Unlike.

    `known` are the items that were sent in their places; the first developer message has been shown `since` a time.
    """
    at = first_element(text, start)
    if known and at is not None and is_element(text, at, whole := b",".join(known)):  # as nearly always
        return (*known, *_rest(text, next_element(text, at + len(whole)))), Repaired()
    items, found = list[bytes](), Repaired()
    for item in known:
        if at is None:
            break
        if is_element(text, at, item):
            sent, end = item, at + len(item)
        else:
            end = end_of(text, at)
            repaired = _repair_item(item, text[at:end], items, since, place)
            found = found.followed_by(repaired.moved(at))
            if repaired.is_over:
                break
            sent = repaired.splices[0][2] if repaired.splices else text[at:end]
        items.append(sent)
        at = next_element(text, end)
    return (*items, *_rest(text, at)), found


def _rest(text: bytes, at: int | None) -> Iterator[bytes]:
    """Yield the items from an offset on; none where there is no more."""
    spans = elements_from(text, at) if at is not None else ()
    return (text[start:end] for start, end in spans)


def first_element(text: bytes, start: int) -> int | None:
    """Return the offset of the first element of the list that begins at `start`, None if it has none."""
    opened = _LIST_START.match(text, start)
    return opened.end() if opened and text[opened.end() : opened.end() + 1] != b"]" else None


def _repair_item(known: bytes, given: bytes, before: Sequence[bytes], since: float, place: Place) -> Repaired:
    """Return what is repaired of an item that is not spelled as the one which was sent in its place.

    It is over with the input where it is another item.
    """
    path = f"input[{len(before)}]"
    if is_same(known, given):
        is_on = "spelling" in place.enabled
        return Repaired(((0, len(given), known),), (Part("spelling", path),)) if is_on else Repaired()
    if place.concerns_tools and (found := arranged_within(known, given)) is not None:
        tools = repair_tools(found, given, f"{path}.tools", place)
        return tools if tools.splices else tools._replace(is_over=True)
    if "volatile" in place.enabled and _is_developer(given) and developer_index(before) < 0:
        return _repair_developer(known, given, path, since, place)
    return Repaired(is_over=True)


def developer_index(items: Sequence[bytes]) -> int:
    """Return the index of the first developer message, -1 if it is not among the first few items."""
    return next((index for index, item in enumerate(items[:_EARLY]) if _is_developer(item)), -1)


def _is_developer(item: bytes) -> bool:
    if b"developer" not in item and b"system" not in item:
        return False
    try:
        return texts_of_developer(value_of(item)) is not None
    except Unlike:
        return False


def _repair_developer(known: bytes, given: bytes, path: str, since: float, place: Place) -> Repaired:
    """Return what is repaired of the first developer message, if that is what the item is."""
    try:
        found = difference_of_messages(value_of(known), value_of(given), place.at - since)
    except Unlike:
        found = None
    if found is None:
        return Repaired(is_over=True)
    if found.reason:
        return Repaired(notes=(f"{path} leaves as the client sent it: {found.reason}",), is_over=True)
    part = Part("volatile", path, found.kinds, since, sent=found.given, shown=found.shown)
    return Repaired(((0, len(given), known),), (part,))
