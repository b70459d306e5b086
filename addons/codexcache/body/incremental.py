"""Incremental parsing: reuse the parse of an earlier body, and parse only the new bytes.

A turn repeats almost all of the turn that it extends. A body consists of the items of its input, and of the other
members before and after them. If a new body starts with the same bytes as a cached one, up to the end of that one's
last item (its prefix), the parse of the prefix is reused, and only the rest is parsed, in the first way that fits:

1. The body also ends with the same bytes as the cached one (its suffix): parse the new items in between.
2. Some of the last members differ: parse the new items and those members.
3. Parse everything after the prefix, as an object whose input begins empty.

Anything unusual is left to a whole parse. So a body costs a digest of the known bytes and a parse of the new ones, and
the result is exactly that of a whole parse. An edit is reused likewise: if it left the prefix alone, then the same
edit of a body with the same suffix gives the same bytes.
"""

import re
from collections.abc import Collection, Mapping, Sequence

import orjson

from ..static_frozen import static_frozen
from .json_splice import Json, Member, Object, Unreadable, edited, find_members, parse
from .prefix import MIN_PREFIX, Prefix, PrefixDigests

_PARSED_COST = 4
"""Bytes of memory that a byte of the other members takes up as objects (tools, measured on CPython 3.13)."""

_ITEM_COST = 64
"""Bytes of memory that an item takes up in what the reader makes of it."""

WHITESPACE = b" \t\n\r"

INPUT_START = b'{"input":['
_MORE_ITEMS_OR_END = re.compile(rb"[ \t\n\r]*+(?:,(?![ \t\n\r]*+\])|(?=\]))")
_NEXT_MEMBER = re.compile(rb"[ \t\n\r]*+,[ \t\n\r]*+(?=\")")
_OBJECT_END = re.compile(rb"[ \t\n\r]*+\}[ \t\n\r]*+\Z")


@static_frozen
class Body[M]:
    """A body: its text with the digests of its prefixes, its parse, and the positions of its members.

    If the body starts with the prefix of an earlier one, `cached` is that one, and the input in `document` holds only
    the items after the prefix. Then `changed` names the other members that may differ from the cached ones, None if any
    may. `own_members` is None if all members are the cached ones, shifted.
    """

    digests: PrefixDigests
    document: Object
    own_members: Sequence[Member] | None
    cached: "CachedBody[M] | None" = None
    changed: Collection[str] | None = None

    @property
    def text(self) -> bytes:
        """The whole body."""
        return self.digests.text

    @property
    def cached_parsed(self) -> M | None:
        """What the reader made of the cached body, if there is one."""
        return self.cached.parsed if self.cached else None

    @property
    def members(self) -> Sequence[Member]:
        """The members, in order."""
        if self.own_members is not None:
            return self.own_members
        assert self.cached is not None
        return self.cached.members_at(len(self.text) - len(self.cached.suffix))

    def edited(self, drop: Collection[str], put: Mapping[str, str]) -> bytes:
        """Return the text without the members in `drop` and with the strings in `put`, as `json_splice.edited` does."""
        if (cached := self.cached) and self.own_members is None and (edit := cached.same_edit(drop, put)):
            return b"".join((memoryview(self.text)[: len(self.text) - len(cached.suffix)], edit.suffix))
        return edited(self.text, self.members, drop=drop, put=put)


@static_frozen
class CachedEdit:
    """An edit that left the prefix of a body alone, and the suffix that it resulted in."""

    drop: Collection[str]
    put: Mapping[str, str]
    suffix: bytes


@static_frozen
class CachedBody[M]:
    """What is kept of a body: the digest of its prefix, the bytes after that, its members and its parse.

    The prefix ends with the last of its `count` items. `members` are the positions in a body whose last item ends at
    `items_end`; the input is at `input_index` among them. `fields` are the values of all other members, and `parsed` is
    what the reader made of the whole body.
    """

    prefix: Prefix
    count: int
    suffix: bytes
    members: Sequence[Member]
    items_end: int
    input_index: int
    fields: Object
    parsed: M
    edit: CachedEdit | None

    @property
    def cost(self) -> int:
        """Bytes of memory that this takes up."""
        after = len(self.suffix)
        others = self.members[self.input_index].value + after
        edit = len(self.edit.suffix) if self.edit else 0
        return 2 * after + _PARSED_COST * others + _ITEM_COST * self.count + edit

    def same_edit(self, drop: Collection[str], put: Mapping[str, str]) -> CachedEdit | None:
        """Return the cached edit if it is this one, else None."""
        edit = self.edit
        return edit if edit and edit.put == put and edit.drop == drop else None

    def members_at(self, items_end: int) -> list[Member]:
        """Return the members of a body with the same other members, whose last item ends at `items_end`."""
        shift, given = items_end - self.items_end, self.members[self.input_index]
        whole = Member(given.name, given.start, given.value, given.end + shift)
        after = [shifted(member, shift) for member in self.members[self.input_index + 1 :]]
        return [*self.members[: self.input_index], whole, *after]


def read_whole[M](text: bytes) -> Body[M]:
    """Return the body, parsed without a cached one. Raises Unreadable for anything but a JSON object."""
    document = parse(text)
    return Body(digests=PrefixDigests(text), document=document, own_members=find_members(text, document))


def cached_body[M](
    body: Body[M], parsed: M, drop: Collection[str], put: Mapping[str, str], edited_text: bytes | None
) -> CachedBody[M] | None:
    """Return what to keep of a body, None if no other body can extend it.

    `parsed` is what the reader made of the whole body, `edited_text` the result of the edit `drop` and `put`, if any.
    """
    if (cached := body.cached) and body.own_members is None:
        suffix, fields, members = cached.suffix, cached.fields, cached.members
        input_index, end, items_end = cached.input_index, len(body.text) - len(suffix), cached.items_end
        edit = cached.same_edit(drop, put)
    elif (found := locate_items(body)) is not None:
        (input_index, end), items_end, edit = found, found[1], None
        suffix, members, fields = body.text[end:], body.members, other_fields(body)
    else:
        return None
    new = body.document["input"]
    assert isinstance(new, list)
    is_edited_after = {member.name for member in members[: input_index + 1]}.isdisjoint((*drop, *put))
    if edit is None and edited_text is not None and is_edited_after:
        edit = CachedEdit(drop=drop, put=put, suffix=edited_text[end:])
    return CachedBody(
        prefix=body.digests.prefix(end),
        count=(cached.count if cached else 0) + len(new),
        suffix=suffix,
        members=members,
        items_end=items_end,
        input_index=input_index,
        fields=fields,
        parsed=parsed,
        edit=edit,
    )


def locate_items[M](body: Body[M]) -> tuple[int, int] | None:
    """Return the index of the input among the members, and the offset after its last item.

    Return None if the input is not a list, has no items or ends too early, or if a member before it is repeated after
    it.
    """
    names = [member.name for member in body.members]
    if names.count("input") != 1 or not isinstance(body.document["input"], list):
        return None
    index = names.index("input")
    given = body.members[index]
    end = trimmed_end(body.text, given.end - 1)
    is_repeated = not set(names[:index]).isdisjoint(names[index + 1 :])
    return None if is_repeated or end <= given.value + 1 or end < MIN_PREFIX else (index, end)


def other_fields[M](body: Body[M]) -> Object:
    """Return the values of all members but the input, for a body that was parsed as a whole."""
    return {name: value for name, value in body.document.items() if name != "input"}


def trimmed_end(text: bytes, end: int) -> int:
    """Return an end offset, moved back over white space."""
    while text[end - 1] in WHITESPACE:
        end -= 1
    return end


def shifted(member: Member, shift: int) -> Member:
    """Return a member with its offsets moved by `shift` bytes."""
    name, start, value, end = member
    return Member(name, start + shift, value + shift, end + shift)


def parse_with_prefix[M](cached: CachedBody[M], digests: PrefixDigests) -> Body[M] | None:
    """Return the body that starts with the prefix of a cached one, None if it is unusual: then parse it as a whole."""
    return _parse_items(cached, digests) or _parse_items_and_members(cached, digests) or _parse_rest(cached, digests)


def _parse_items[M](cached: CachedBody[M], digests: PrefixDigests) -> Body[M] | None:
    """Parse the items between prefix and suffix, None if that is not all that is new."""
    text = digests.text
    end, start = len(text) - len(cached.suffix), cached.prefix.length
    if end < start or not text.endswith(cached.suffix) or (items := _items(text[start:end])) is None:
        return None
    document = {**cached.fields, "input": items}
    return Body(digests=digests, document=document, own_members=None, cached=cached, changed=())


def _items(text: bytes) -> list[Json] | None:
    """Return the items after a comma, none for white space alone, None for anything else."""
    comma, _, rest = text.partition(b",")
    if comma.strip(WHITESPACE):
        return None
    try:
        items: list[Json] = orjson.loads(b"[" + rest + b"]")
    except orjson.JSONDecodeError:
        return None
    return items if items or len(comma) == len(text) else None


def _parse_items_and_members[M](cached: CachedBody[M], digests: PrefixDigests) -> Body[M] | None:
    """Parse the new items and the last members, from the first one that differs; None if more is new.

    Since Codex 0.120 the last member is `client_metadata`, whose order is random in each request.
    """
    text = digests.text
    end = _end_of_new_items(cached, text)
    if end < 0 or (items := _items(text[cached.prefix.length : end])) is None:
        return None
    kept = cached.members_at(end)[: cached.input_index + 1 + _count_unchanged(cached, text, end)]
    if (last := _last_members(text, kept[-1].end)) is None:
        return None
    (document, members), names = last, {member.name for member in kept}
    changed = {member.name for member in (*cached.members[len(kept) :], *members)}
    if not names.isdisjoint(changed):
        return None
    unchanged = {name: value for name, value in cached.fields.items() if name in names}
    return Body(
        digests=digests,
        document={**unchanged, **document, "input": items},
        own_members=[*kept, *members],
        cached=cached,
        changed=changed,
    )


def _end_of_new_items[M](cached: CachedBody[M], text: bytes) -> int:
    """Return the offset after the new items, where the list ends and the same member name follows; -1 if none does."""
    if not (following := cached.members[cached.input_index + 1 : cached.input_index + 2]):
        return -1
    return text.find(cached.suffix[: following[0].value - cached.items_end], cached.prefix.length)


def _count_unchanged[M](cached: CachedBody[M], text: bytes, end: int) -> int:
    """Return how many members follow unchanged on the new items, which end at `end`."""
    after, done = cached.members[cached.input_index + 1 :], cached.members[cached.input_index].end - cached.items_end
    for count, member in enumerate(after):
        upto = member.end - cached.items_end
        if not text.startswith(cached.suffix[done:upto], end + done):
            return count
        done = upto
    return len(after)


def _last_members(text: bytes, at: int) -> tuple[Object, Sequence[Member]] | None:
    """Return the values and positions of all members after the one that ends at `at`.

    Return None if a number continues there or the rest is unusual.
    """
    comma, end = _NEXT_MEMBER.match(text, at), _OBJECT_END.match(text, at)
    if end:
        return {}, ()
    if comma is None:
        return None
    rest = b"{" + text[comma.end() :]
    try:
        document = parse(rest)
    except Unreadable:
        return None  # the whole parse says what is wrong
    return document, [shifted(member, comma.end() - 1) for member in find_members(rest, document)]


def _parse_rest[M](cached: CachedBody[M], digests: PrefixDigests) -> Body[M] | None:
    """Parse everything after the prefix, None if it is unusual."""
    text = digests.text
    if (link := _MORE_ITEMS_OR_END.match(text, cached.prefix.length)) is None:
        return None
    rest = INPUT_START + text[link.end() :]
    try:
        document = parse(rest)
    except Unreadable:
        return None  # the whole parse says what is wrong
    new_input, *members = find_members(rest, document)
    if "input" in {member.name for member in members}:
        return None
    earlier, given = cached.members[: cached.input_index], cached.members[cached.input_index]
    shift = link.end() - len(INPUT_START)
    whole = given._replace(end=new_input.end + shift)
    return Body(
        digests=digests,
        document={**{member.name: cached.fields[member.name] for member in earlier}, **document},
        own_members=[*earlier, whole, *(shifted(member, shift) for member in members)],
        cached=cached,
    )
