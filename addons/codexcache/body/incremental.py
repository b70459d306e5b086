"""One body read in the light of an earlier one: a turn repeats almost all of the turn that it goes on with.

A body is its input's items and the frame around them: what stands before, and what stands behind. If a new body starts
with the same bytes as an earlier one, up to the end of its last item, what they say is known, and only the rest is
parsed (`going_on`). That costs a comparison for what is known and says exactly what a whole parse says.

And what was edited in a frame, behind the items, is edited in the same frame again by putting the same bytes there.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import orjson

from ..static_frozen import static_frozen
from .json_splice import Json, Member, Object, Unreadable, edited, find_members, parse

SHORTEST = 512
"""Bytes up to the end of its last item that a body has at least if it is to be gone on with."""

_PARSED = 4
"""Bytes that a byte of a frame takes up in memory beside its text, as objects (tools, measured on CPython 3.13)."""

WHITE = b" \t\n\r"


@static_frozen
class Body[M]:
    """A body: its text, what it says, and where its members stand; `own` is None where its frame is the known one.

    `known` is the earlier body that this one starts with; the input in `document` then holds only the items behind its.
    `changed` names the other members that may say something else than there, None where any may.
    """

    text: bytes
    document: Object
    own_members: Sequence[Member] | None
    cached: "CachedBody[M] | None" = None
    changed: Collection[str] | None = None

    @property
    def cached_parsed(self) -> M | None:
        """What its reader made of the earlier body, if there is one."""
        return self.cached.parsed if self.cached else None

    @property
    def members(self) -> Sequence[Member]:
        """The members, in order."""
        if self.own_members is not None:
            return self.own_members
        assert self.cached is not None
        return self.cached.members_at(len(self.text) - len(self.cached.suffix))

    def edited(self, drop: Collection[str], put: Mapping[str, str]) -> bytes:
        """Return the text without the members in `drop` and with the strings in `put`, as `document.edited` does."""
        if (known := self.cached) and self.own_members is None and (rewritten := known.same_edit(drop, put)):
            return b"".join((memoryview(self.text)[: len(self.text) - len(known.suffix)], rewritten.suffix))
        return edited(self.text, self.members, drop=drop, put=put)


@static_frozen
class CachedEdit:
    """What edits made of all that stands behind the items of a body."""

    drop: Collection[str]
    put: Mapping[str, str]
    suffix: bytes


@static_frozen
class CachedBody[M]:
    """What is remembered of a body: the bytes up to its last item, those behind, its members, and what its frame says.

    The bytes are those that came or were sent, not a copy. The offsets of the members are right for a body whose last
    item ends at `measured`; `place` is the input's input_index among them. `made` is what its reader made of the whole.
    """

    prefix_bytes: memoryview
    suffix: bytes
    members: Sequence[Member]
    items_end: int
    input_index: int
    fields: Object
    parsed: M
    edit: CachedEdit | None

    @property
    def cost(self) -> int:
        """Bytes that this takes up in memory."""
        before, behind = self.members[self.input_index].value, len(self.suffix)
        return (
            self.prefix_length + 2 * behind + _PARSED * (before + behind) + (len(self.edit.suffix) if self.edit else 0)
        )

    @property
    def prefix_length(self) -> int:
        """The offset behind the last item."""
        return len(self.prefix_bytes)

    def begins(self, text: bytes) -> bool:
        """Tell whether a text starts with this one's head."""
        return text.startswith(self.prefix_bytes)

    def same_edit(self, drop: Collection[str], put: Mapping[str, str]) -> CachedEdit | None:
        """Return what the same edits made of the same frame, if they were made."""
        edit = self.edit
        return edit if edit and edit.put == put and edit.drop == drop else None

    def members_at(self, end: int) -> list[Member]:
        """Return the members of a body with the same frame whose last item ends at `end`."""
        more, given = end - self.items_end, self.members[self.input_index]
        whole = Member(given.name, given.start, given.value, given.end + more)
        behind = [shifted(member, more) for member in self.members[self.input_index + 1 :]]
        return [*self.members[: self.input_index], whole, *behind]


def read_whole[M](text: bytes) -> Body[M]:
    """Return the body that `text` is, read by itself. Raises Unreadable for anything but a JSON object."""
    document = parse(text)
    return Body(text=text, document=document, own_members=find_members(text, document))


def cached_body[M](
    body: Body[M], parsed: M, drop: Collection[str], put: Mapping[str, str], edited_text: bytes | None
) -> CachedBody[M] | None:
    """Return what to remember of a body, if it can be gone on with; `sent` is what was made of it by edits, if any."""
    if (known := body.cached) and body.own_members is None:
        suffix, fields, members = known.suffix, known.fields, known.members
        input_index, end, items_end = known.input_index, len(body.text) - len(suffix), known.items_end
        rewritten = known.same_edit(drop, put)
    elif (found := locate_items(body)) is not None:
        (input_index, end), items_end, rewritten = found, found[1], None
        suffix, members, fields = body.text[end:], body.members, other_members(body)
    else:
        return None
    kept = edited_text if rewritten and edited_text is not None else body.text  # mitmproxy keeps what was sent as well
    prefix = memoryview(kept)[:end]
    return CachedBody(
        prefix_bytes=prefix,
        suffix=suffix,
        members=members,
        items_end=items_end,
        input_index=input_index,
        fields=fields,
        parsed=parsed,
        edit=rewritten or _cached_edit(drop, put, prefix, edited_text),
    )


def _cached_edit(
    drop: Collection[str], put: Mapping[str, str], prefix: memoryview, edited_text: bytes | None
) -> CachedEdit | None:
    """Return what edits made of all behind the items, None where there were none or what stands before was touched."""
    return (
        CachedEdit(drop=drop, put=put, suffix=edited_text[len(prefix) :])
        if edited_text is not None and edited_text.startswith(prefix)
        else None
    )


def locate_items[M](body: Body[M]) -> tuple[int, int] | None:
    """Return the input_index of a body's input among its members, and the offset behind its last item.

    There is nothing where it is no list or has no items, or where a name before its end stands again behind it.
    """
    names = [member.name for member in body.members]
    if names.count("input") != 1 or not isinstance(body.document["input"], list):
        return None
    input_index = names.index("input")
    end = _end_of_items(body.text, body.members[input_index])
    repeats = not set(names[:input_index]).isdisjoint(names[input_index + 1 :])
    return None if repeats or end <= body.members[input_index].value + 1 or end < SHORTEST else (input_index, end)


def other_members[M](body: Body[M]) -> Object:
    """Return what a body that was read by itself says beside its items."""
    return {name: value for name, value in body.document.items() if name != "input"}


def _end_of_items(text: bytes, given: Member) -> int:
    """Return the offset behind the last item of a list."""
    return skip_white_back(text, given.end - 1)


def skip_white_back(text: bytes, end: int) -> int:
    """Return the offset behind what stands before `end` and is no white space."""
    while text[end - 1] in WHITE:
        end -= 1
    return end


def shifted(member: Member, shift: int) -> Member:
    """Return a member that stands so many bytes further on."""
    name, start, value, end = member
    return Member(name, start + shift, value + shift, end + shift)


# A body read on from an earlier one with which it starts, up to the end of its last item.
#
# If it also ends with the same bytes, only what stands between is parsed, as items of a list. If it ends otherwise, so
# are the last members, from the first on that differs; and where nothing else can be told, all of the rest, behind an
# input that is empty so far. Where anything is out of the ordinary, the whole is to be parsed.

_FRONT = b'{"input":['
_GOES_ON = re.compile(rb"[ \t\n\r]*+(?:,(?![ \t\n\r]*+\])|(?=\]))")
_NEXT = re.compile(rb"[ \t\n\r]*+,[ \t\n\r]*+(?=\")")
_CLOSING = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+\Z")


def parse_with_prefix[M](known: CachedBody[M], text: bytes) -> Body[M] | None:
    """Return the body that starts with a known one, None where it is out of the ordinary."""
    return _read_between(known, text) or _read_changed(known, text) or _read_behind(known, text)


def _read_between[M](known: CachedBody[M], text: bytes) -> Body[M] | None:
    """Read the items that stand between what is known at both ends, None where that is not all that is new."""
    end = len(text) - len(known.suffix)
    if (
        end < known.prefix_length
        or not text.endswith(known.suffix)
        or (items := _items(text[known.prefix_length : end])) is None
    ):
        return None
    return Body(text=text, document={**known.fields, "input": items}, own_members=None, cached=known, changed=())


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


def _read_changed[M](known: CachedBody[M], text: bytes) -> Body[M] | None:
    """Read the items and the last members, behind others that are known: the official client's notes, say.

    Since Codex 0.120 these are `client_metadata`, whose order is made up anew for each request. None where more is new.
    """
    if (end := _end_of_news(known, text)) < 0 or (items := _items(text[known.prefix_length : end])) is None:
        return None
    kept = known.members_at(end)[: known.input_index + 1 + _standing_again(known, text, end)]
    if (last := _last_members(text, kept[-1].end)) is None:
        return None
    names = {member.name for member in kept}
    changed = {member.name for member in (*known.members[len(kept) :], *last.members)}
    if not names.isdisjoint(changed):
        return None
    stay = {name: value for name, value in known.fields.items() if name in names}
    return Body(
        text=text,
        document={**stay, **last.document, "input": items},
        own_members=[*kept, *last.members],
        cached=known,
        changed=changed,
    )


def _end_of_news[M](known: CachedBody[M], text: bytes) -> int:
    """Return the offset behind the new items: there the list ends, and the name of the same member follows."""
    following = known.members[known.input_index + 1 : known.input_index + 2]
    return text.find(known.suffix[: following[0].value - known.items_end], known.prefix_length) if following else -1


def _standing_again[M](known: CachedBody[M], text: bytes, end: int) -> int:
    """Return how many of the members behind the items stand again behind the new ones, which end at `end`."""
    behind, done = known.members[known.input_index + 1 :], known.members[known.input_index].end - known.items_end
    for count, member in enumerate(behind):
        upto = member.end - known.items_end
        if not text.startswith(known.suffix[done:upto], end + done):
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
    return _Last(document, [shifted(member, comma.end() - 1) for member in find_members(rest, document)])


def _read_behind[M](known: CachedBody[M], text: bytes) -> Body[M] | None:
    """Read all that follows on a known head, None where that is not to be done."""
    if (goes_on := _GOES_ON.match(text, known.prefix_length)) is None:
        return None
    behind = _FRONT + text[goes_on.end() :]
    try:
        document = parse(behind)
    except Unreadable:
        return None  # the whole parse finds the words for what is wrong
    given, *members = find_members(behind, document)
    before, given_before = known.members[: known.input_index], known.members[known.input_index]
    if "input" in {member.name for member in members}:
        return None
    shift = goes_on.end() - len(_FRONT)
    whole = given_before._replace(end=given.end + shift)
    return Body(
        text=text,
        document={**{member.name: known.fields[member.name] for member in before}, **document},
        own_members=[*before, whole, *(shifted(member, shift) for member in members)],
        cached=known,
    )
