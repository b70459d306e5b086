"""One body read in the light of an earlier one: a turn repeats almost all of the turn that it goes on with.

A body is its input's items and the frame around them: what stands before, and what stands behind. If a new body starts
with the same bytes as an earlier one, up to the end of its last item, what they say is known, and only the rest is
parsed (`going_on`). That costs a comparison for what is known and says exactly what a whole parse says.

And what was edited in a frame, behind the items, is edited in the same frame again by putting the same bytes there.
"""

from collections.abc import Collection, Mapping, Sequence

from ..unchanging import unchanging
from .document import Member, Object, edited, find_members, parse

SHORTEST = 512
"""Bytes up to the end of its last item that a body has at least if it is to be gone on with."""

_PARSED = 4
"""Bytes that a byte of a frame takes up in memory beside its text, as objects (tools, measured on CPython 3.13)."""

WHITE = b" \t\n\r"


@unchanging
class Body[M]:
    """A body: its text, what it says, and where its members stand; `own` is None where its frame is the known one.

    `known` is the earlier body that this one starts with; the input in `document` then holds only the items behind its.
    `changed` names the other members that may say something else than there, None where any may.
    """

    text: bytes
    document: Object
    own: Sequence[Member] | None
    known: "Known[M] | None" = None
    changed: Collection[str] | None = None

    @property
    def made(self) -> M | None:
        """What its reader made of the earlier body, if there is one."""
        return self.known.made if self.known else None

    @property
    def members(self) -> Sequence[Member]:
        """The members, in order."""
        if self.own is not None:
            return self.own
        assert self.known is not None
        return self.known.members_before(len(self.text) - len(self.known.tail))

    def edited(self, drop: Collection[str], put: Mapping[str, str]) -> bytes:
        """Return the text without the members in `drop` and with the strings in `put`, as `document.edited` does."""
        if (known := self.known) and self.own is None and (rewritten := known.rewritten(drop, put)):
            return b"".join((memoryview(self.text)[: len(self.text) - len(known.tail)], rewritten.tail))
        return edited(self.text, self.members, drop=drop, put=put)


@unchanging
class Rewritten:
    """What edits made of all that stands behind the items of a body."""

    drop: Collection[str]
    put: Mapping[str, str]
    tail: bytes


@unchanging
class Known[M]:
    """What is remembered of a body: the bytes up to its last item, those behind, its members, and what its frame says.

    The bytes are those that came or were sent, not a copy. The offsets of the members are right for a body whose last
    item ends at `measured`; `place` is the input's place among them. `made` is what its reader made of the whole.
    """

    head: memoryview
    tail: bytes
    members: Sequence[Member]
    measured: int
    place: int
    frame: Object
    made: M
    sent: Rewritten | None

    @property
    def cost(self) -> int:
        """Bytes that this takes up in memory."""
        before, behind = self.members[self.place].value, len(self.tail)
        return self.end + 2 * behind + _PARSED * (before + behind) + (len(self.sent.tail) if self.sent else 0)

    @property
    def end(self) -> int:
        """The offset behind the last item."""
        return len(self.head)

    def begins(self, text: bytes) -> bool:
        """Tell whether a text starts with this one's head."""
        return text.startswith(self.head)

    def rewritten(self, drop: Collection[str], put: Mapping[str, str]) -> Rewritten | None:
        """Return what the same edits made of the same frame, if they were made."""
        sent = self.sent
        return sent if sent and sent.put == put and sent.drop == drop else None

    def members_before(self, end: int) -> list[Member]:
        """Return the members of a body with the same frame whose last item ends at `end`."""
        more, given = end - self.measured, self.members[self.place]
        whole = Member(given.name, given.start, given.value, given.end + more)
        behind = [moved(member, more) for member in self.members[self.place + 1 :]]
        return [*self.members[: self.place], whole, *behind]


def read_whole[M](text: bytes) -> Body[M]:
    """Return the body that `text` is, read by itself. Raises Unreadable for anything but a JSON object."""
    document = parse(text)
    return Body(text=text, document=document, own=find_members(text, document))


def known_of[M](
    body: Body[M], made: M, drop: Collection[str], put: Mapping[str, str], sent: bytes | None
) -> Known[M] | None:
    """Return what to remember of a body, if it can be gone on with; `sent` is what was made of it by edits, if any."""
    if (known := body.known) and body.own is None:
        tail, frame, members = known.tail, known.frame, known.members
        place, end, measured = known.place, len(body.text) - len(tail), known.measured
        rewritten = known.rewritten(drop, put)
    elif (found := input_of(body)) is not None:
        (place, end), measured, rewritten = found, found[1], None
        tail, members, frame = body.text[end:], body.members, frame_of(body)
    else:
        return None
    kept = sent if rewritten and sent is not None else body.text  # mitmproxy keeps what was sent as well
    head = memoryview(kept)[:end]
    return Known(
        head=head,
        tail=tail,
        members=members,
        measured=measured,
        place=place,
        frame=frame,
        made=made,
        sent=rewritten or _rewriting(drop, put, head, sent),
    )


def _rewriting(drop: Collection[str], put: Mapping[str, str], head: memoryview, sent: bytes | None) -> Rewritten | None:
    """Return what edits made of all behind the items, None where there were none or what stands before was touched."""
    return Rewritten(drop=drop, put=put, tail=sent[len(head) :]) if sent is not None and sent.startswith(head) else None


def input_of[M](body: Body[M]) -> tuple[int, int] | None:
    """Return the place of a body's input among its members, and the offset behind its last item.

    There is nothing where it is no list or has no items, or where a name before its end stands again behind it.
    """
    names = [member.name for member in body.members]
    if names.count("input") != 1 or not isinstance(body.document["input"], list):
        return None
    place = names.index("input")
    end = _end_of_items(body.text, body.members[place])
    repeats = not set(names[:place]).isdisjoint(names[place + 1 :])
    return None if repeats or end <= body.members[place].value + 1 or end < SHORTEST else (place, end)


def frame_of[M](body: Body[M]) -> Object:
    """Return what a body that was read by itself says beside its items."""
    return {name: value for name, value in body.document.items() if name != "input"}


def _end_of_items(text: bytes, given: Member) -> int:
    """Return the offset behind the last item of a list."""
    return behind_text(text, given.end - 1)


def behind_text(text: bytes, end: int) -> int:
    """Return the offset behind what stands before `end` and is no white space."""
    while text[end - 1] in WHITE:
        end -= 1
    return end


def moved(member: Member, shift: int) -> Member:
    """Return a member that stands so many bytes further on."""
    name, start, value, end = member
    return Member(name, start + shift, value + shift, end + shift)
