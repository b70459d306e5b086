"""A list of tools, arranged as an earlier one that was sent in its place.

Each tool of the earlier list is looked for in the new one: by its bytes, then by what they say. A namespace is a tool
that holds a list of tools itself (openai/codex, `ToolSpec::Namespace`): two are the same if all but these lists say the
same, and the inner list is arranged likewise. Tools that the earlier list does not have follow behind it, in the order
of the client. If one of the earlier list's tools does not come again, there is no arrangement.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..body.json_splice import Unreadable, as_text, find_members, parse
from .spelling import Unlike, elements, joined, value_of

_TOOLS = "tools"


class Arranged(NamedTuple):
    """A list of tools in the earlier list's order and bytes.

    `moved` are the names of the tools that the client sent elsewhere in the list, `respelled` of those that it spelled
    otherwise, `added` of those that are new; `sent` and `shown` are all names in the client's order and in that which
    goes out. `missing` names tools of the earlier list that do not come again: then the
    text is the client's own.
    """

    text: bytes
    moved: tuple[str, ...] = ()
    respelled: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class _Found(NamedTuple):
    """A tool of the earlier list: its place in the new one, the bytes that go out, and what is different inside."""

    place: int
    text: bytes
    inner: Arranged | None
    respelled: bool


def arranged(known: bytes, given: bytes) -> Arranged:
    """Return a list of tools in the order and the bytes of an earlier one (`known`). Raises Unlike."""
    if known == given:
        return Arranged(given)
    old, new = parts(known), parts(given)
    found = list(_find(old, new))
    if missing := tuple(name_of(tool) for tool, place in zip(old, found, strict=True) if place is None):
        return Arranged(given, missing=missing)
    return _arrangement(known, given, new, [each for each in found if each])


def parts(tools: bytes) -> list[bytes]:
    """Return the tools of a list, each as it is spelled. Raises Unlike."""
    return [tools[start:end] for start, end in elements(tools)]


def name_of(tool: bytes) -> str:
    """Return what a tool is called: by its name, a server's label, or its type."""
    try:
        value = parse(tool)
    except Unreadable:
        return "?"
    names = (as_text(value.get(name)) for name in ("name", "server_label", "type"))
    return next(filter(None, names), "?")


def _arrangement(known: bytes, given: bytes, new: list[bytes], found: list[_Found]) -> Arranged:
    taken = {each.place for each in found}
    added = [tool for place, tool in enumerate(new) if place not in taken]
    inner = [each.inner for each in found if each.inner]
    places = [each.place for each in found]
    texts = [each.text for each in found]
    is_whole = not added and not any(each.added for each in inner)
    respelled = [name_of(each.text) for each in found if each.respelled]
    if is_whole and not respelled and places == sorted(places) and not any(each.moved for each in inner):
        respelled = [name_of(each.text) for each in found]  # what differs is white space between them
    return Arranged(
        text=known if is_whole else _followed_by(known, texts, added, is_plain=not inner),
        moved=(
            *(name_of(each.text) for index, each in enumerate(found) if each.place != index),
            *(name for each in inner for name in each.moved),
        ),
        respelled=(*respelled, *(name for each in inner for name in each.respelled)),
        added=(*map(name_of, added), *(name for each in inner for name in each.added)),
        sent=tuple(map(name_of, new)),
        shown=(*(name_of(each.text) for each in found), *map(name_of, added)),
    )


def _followed_by(known: bytes, texts: list[bytes], added: list[bytes], *, is_plain: bool) -> bytes:
    """Return a list with more tools behind those of the earlier one, whose white space is kept if none was edited."""
    if not (is_plain and texts):
        return joined([*texts, *added])
    return known[:-1].rstrip() + b"".join(b"," + tool for tool in added) + b"]"


def _find(old: list[bytes], new: list[bytes]) -> Iterator[_Found | None]:
    """Yield where each tool of the earlier list stands in the new one; None for one that does not come again."""
    at = defaultdict[bytes, list[int]](list)
    for place, tool in enumerate(new):
        at[tool].append(place)
    same = Counter(old) & Counter(new)
    free = {place for tool, places in at.items() for place in places[same[tool] :]}
    names = {place: name_of(new[place]) for place in free}
    said = functools.cache(lambda place: _said(new[place]))
    for tool in old:
        if same[tool]:
            same[tool] -= 1
            yield _Found(at[tool].pop(0), tool, None, respelled=False)
        else:
            name = name_of(tool)
            found = _find_other(tool, new, [place for place in sorted(free) if names[place] == name], said)
            free.discard(found.place if found else -1)
            yield found


def _find_other(tool: bytes, new: list[bytes], places: list[int], said: Callable[[int], Any]) -> _Found | None:
    """Return which of the tools of its name says the same as an earlier one, or is the same namespace.

    Each is parsed once: where tools have no names, all have the same.
    """
    says = _said(tool)
    for place in places:
        if says is not None and says == said(place):
            return _Found(place, tool, None, respelled=True)
    if not (isinstance(says, dict) and isinstance(says.get(_TOOLS), list)):
        return None
    for place in places:
        if namespace := _namespace(tool, new[place]):
            return namespace._replace(place=place)
    return None


def _said(tool: bytes) -> Any:
    """Return what a tool says, None where it cannot be compared."""
    try:
        return value_of(tool)
    except Unlike:
        return None


def _namespace(known: bytes, given: bytes) -> _Found | None:
    """Return a namespace with its tools arranged as before, None if it is another, or none."""
    one, other = _opened(known), _opened(given)
    if one is None or other is None or one[0] != other[0]:
        return None
    (_, start, end), (_, new_start, new_end) = one, other
    inner = arranged(known[start:end], given[new_start:new_end])
    if inner.missing:
        return None
    return _Found(0, known[:start] + inner.text + known[end:], inner, respelled=False)


def _opened(tool: bytes) -> tuple[Any, int, int] | None:
    """Return what an object with a list of tools says besides, and where that list stands."""
    try:
        value = value_of(tool)
    except Unlike:
        return None
    if not isinstance(value, dict) or not isinstance(value.pop(_TOOLS, None), list):
        return None
    member = next(member for member in find_members(tool, parse(tool)) if member.name == _TOOLS)
    return value, member.value, member.end


def arranged_within(known: bytes, given: bytes) -> Arranged | None:
    """Return an item that holds a list of tools, `additional_tools`, with them arranged as before; None for another.

    `text` is that of the whole item. Raises Unlike.
    """
    one, other = _opened(known), _opened(given)
    if one is None or other is None or one[0] != other[0]:
        return None
    (_, start, end), (_, new_start, new_end) = one, other
    inner = arranged(known[start:end], given[new_start:new_end])
    return inner._replace(text=given if inner.missing else known[:start] + inner.text + known[end:])
