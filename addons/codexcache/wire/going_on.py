"""A body read on from an earlier one with which it starts, up to the end of its last item.

If it also ends with the same bytes, only what stands between is parsed, as items of a list. If it ends otherwise, so
are the last members, from the first on that differs; and where nothing else can be told, all of the rest, behind an
input that is empty so far. Where anything is out of the ordinary, the whole is to be parsed.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from .body import WHITE, Body, Known, moved
from .document import Json, Member, Object, Unreadable, find_members, parse

_FRONT = b'{"input":['
_GOES_ON = re.compile(rb"[ \t\n\r]*+(?:,(?![ \t\n\r]*+\])|(?=\]))")
_NEXT = re.compile(rb"[ \t\n\r]*+,[ \t\n\r]*+(?=\")")
_CLOSING = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+\Z")


def read_on[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Return the body that starts with a known one, None where it is out of the ordinary."""
    return _read_between(known, text) or _read_changed(known, text) or _read_behind(known, text)


def _read_between[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read the items that stand between what is known at both ends, None where that is not all that is new."""
    end = len(text) - len(known.tail)
    if end < known.end or not text.endswith(known.tail) or (items := _items(text[known.end : end])) is None:
        return None
    return Body(text=text, document={**known.frame, "input": items}, own=None, known=known, changed=())


def _items(text: bytes) -> list[Json] | None:
    """Return the items that a list goes on with, None for anything but a comma and items, or white space alone."""
    comma, _, rest = text.partition(b",")
    if comma.strip(WHITE):
        return None
    try:
        items: list[Json] = orjson.loads(b"[" + rest + b"]")
    except orjson.JSONDecodeError:
        return None
    return items if items or len(comma) == len(text) else None


def _read_changed[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read the items and the last members, behind others that are known: the official client's notes, say.

    Since Codex 0.120 these are `client_metadata`, whose order is made up anew for each request. None where more is new.
    """
    if (end := _end_of_news(known, text)) < 0 or (items := _items(text[known.end : end])) is None:
        return None
    kept = known.members_before(end)[: known.place + 1 + _standing_again(known, text, end)]
    if (last := _last_members(text, kept[-1].end)) is None:
        return None
    names = {member.name for member in kept}
    changed = {member.name for member in (*known.members[len(kept) :], *last.members)}
    if not names.isdisjoint(changed):
        return None
    stay = {name: value for name, value in known.frame.items() if name in names}
    return Body(
        text=text,
        document={**stay, **last.document, "input": items},
        own=[*kept, *last.members],
        known=known,
        changed=changed,
    )


def _end_of_news[M](known: Known[M], text: bytes) -> int:
    """Return the offset behind the new items: there the list ends, and the name of the same member follows."""
    following = known.members[known.place + 1 : known.place + 2]
    return text.find(known.tail[: following[0].value - known.measured], known.end) if following else -1


def _standing_again[M](known: Known[M], text: bytes, end: int) -> int:
    """Return how many of the members behind the items stand again behind the new ones, which end at `end`."""
    behind, done = known.members[known.place + 1 :], known.members[known.place].end - known.measured
    for count, member in enumerate(behind):
        upto = member.end - known.measured
        if not text.startswith(known.tail[done:upto], end + done):
            return count
        done = upto
    return len(behind)


class _Last(NamedTuple):
    """The last members of a body, and what they say."""

    document: Object
    members: Sequence[Member]


def _last_members(text: bytes, at: int) -> _Last | None:
    """Read what follows on a member, None where a number goes on there or what follows is not plain."""
    comma, closing = _NEXT.match(text, at), _CLOSING.match(text, at)
    if closing:
        return _Last({}, ())
    if comma is None:
        return None
    rest = b"{" + text[comma.end() :]
    try:
        document = parse(rest)
    except Unreadable:
        return None  # the whole parse finds the words for what is wrong
    return _Last(document, [moved(member, comma.end() - 1) for member in find_members(rest, document)])


def _read_behind[M](known: Known[M], text: bytes) -> Body[M] | None:
    """Read all that follows on a known head, None where that is not to be done."""
    if (goes_on := _GOES_ON.match(text, known.end)) is None:
        return None
    behind = _FRONT + text[goes_on.end() :]
    try:
        document = parse(behind)
    except Unreadable:
        return None  # the whole parse finds the words for what is wrong
    given, *members = find_members(behind, document)
    before, given_before = known.members[: known.place], known.members[known.place]
    if "input" in {member.name for member in members}:
        return None
    shift = goes_on.end() - len(_FRONT)
    whole = given_before._replace(end=given.end + shift)
    return Body(
        text=text,
        document={**{member.name: known.frame[member.name] for member in before}, **document},
        own=[*before, whole, *(moved(member, shift) for member in members)],
        known=known,
    )
