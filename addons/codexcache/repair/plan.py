"""What of a turn is repaired: its members, each compared with what its predecessor sent in its place.

| member | repairs |
|---|---|
| `tools` | `tool_order`, `spelling` |
| `instructions` | `spelling`, `volatile` |
| `text.format` | `spelling` |
| `input` | `spelling`; `tool_order` in an item `additional_tools`; `volatile` in the first developer message |

A member that is repeated, or not of its usual type, is left alone; so is the input of a delta, which is all new.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..body.json_splice import Member, find_members, parse
from ..static_frozen import static_frozen
from ..turn.repaired import Part
from .items import Items, developer_index, repair_items
from .parts import Place, Repaired, repair_tools
from .spelling import is_same, value_of
from .tool_order import arranged
from .volatile import difference

_REPAIRED = ("tools", "instructions", "text", "input")


@static_frozen
class Sent:
    """What a turn sent, as bytes; for a member that it did not have, what an earlier one had sent, empty for none.

    The times, in seconds since the epoch, say since when its instructions and its first developer message are shown.
    """

    tools: bytes = b""
    instructions: bytes = b""
    text_format: bytes = b""
    items: Items = ()
    instructions_since: float = 0
    developer_since: float = 0


class Plan(NamedTuple):
    """What is repaired of a turn, and what it sends by that."""

    repaired: Repaired
    sent: Sent


def plan_repair(known: Sent | None, text: bytes, members: Sequence[Member], place: Place, *, is_delta: bool) -> Plan:
    """Return what is repaired of a body with these members; `known` is what its predecessor sent, None if not known."""
    given = dict(_members(text, members))
    was = known or Sent(instructions_since=place.at, developer_since=place.at)
    tools, tools_out = _tools(was.tools, text, given.get("tools"), place)
    instructions, instructions_out = _instructions(was, text, given.get("instructions"), place)
    text_format, format_out = _text_format(was.text_format, text, given.get("text"), place)
    items, items_out = (Repaired(), was.items) if is_delta else _items(was, text, given.get("input"), place)
    found = tools.followed_by(instructions).followed_by(text_format).followed_by(items)
    sent = Sent(
        tools=_latest(tools_out, was.tools),
        instructions=_latest(instructions_out, was.instructions),
        text_format=_latest(format_out, was.text_format),
        items=items_out,
        instructions_since=was.instructions_since if instructions_out in (b"", was.instructions) else place.at,
        developer_since=was.developer_since if _is_developer_message_kept(items_out, was.items) else place.at,
    )
    return Plan(found._replace(splices=tuple(sorted(found.splices))), sent)


def _is_developer_message_kept(items: Items, known: Items) -> bool:
    """Return True if the first developer message goes out as it did before, or if there is none."""
    at = developer_index(items)
    return at < 0 or (at < len(known) and items[at] == known[at])


def spliced(text: bytes, repaired: Repaired) -> bytes:
    """Return a text with what is repaired; all of its other bytes stay."""
    parts, at = list[bytes](), 0
    for start, end, new in repaired.splices:
        parts += (text[at:start], new)
        at = end
    return b"".join((*parts, text[at:]))


def _members(text: bytes, members: Sequence[Member]) -> Iterator[tuple[str, Member]]:
    """Yield the members that can be repaired and come once."""
    names = [member.name for member in members]
    yield from (
        (member.name, member) for member in members if member.name in _REPAIRED and names.count(member.name) == 1
    )


def _tools(known: bytes, text: bytes, member: Member | None, place: Place) -> tuple[Repaired, bytes]:
    value = _value(text, member)
    if member is None or value == known or not (_is(b"[", known) and _is(b"[", value)):
        return Repaired(), value
    if not place.concerns_tools:
        return Repaired(), value
    return _applied(repair_tools(arranged(known, value), value, "tools", place), value, member)


def _instructions(was: Sent, text: bytes, member: Member | None, place: Place) -> tuple[Repaired, bytes]:
    value, known = _value(text, member), was.instructions
    if member is None or value == known or not (_is(b'"', known) and _is(b'"', value)):
        return Repaired(), value
    shown, given = value_of(known), value_of(value)
    if shown == given:
        return _respelled(known, value, "instructions", member, place)
    if "volatile" not in place.enabled:
        return Repaired(), value
    found = difference(shown, given, place.at - was.instructions_since)
    if found.reason:
        return Repaired(notes=(f"instructions leave as the client sent them: {found.reason}",)), value
    part = Part("volatile", "instructions", found.kinds, was.instructions_since, sent=found.given, shown=found.shown)
    return _applied(Repaired(((0, len(value), known),), (part,)), value, member)


def _text_format(known: bytes, text: bytes, member: Member | None, place: Place) -> tuple[Repaired, bytes]:
    whole = _value(text, member)
    inner = next(iter(_members_of(whole, "format")), None) if _is(b"{", whole) else None
    value = _value(whole, inner)
    if member is None or inner is None or value == known or not known or not is_same(known, value):
        return Repaired(), value
    found, out = _respelled(known, value, "text.format", inner, place)
    return found.moved(member.value), out


def _members_of(text: bytes, name: str) -> list[Member]:
    found = [member for member in find_members(text, parse(text)) if member.name == name]
    return found if len(found) == 1 else []


def _items(was: Sent, text: bytes, member: Member | None, place: Place) -> tuple[Repaired, Items]:
    if member is None or text[member.value : member.value + 1] != b"[":
        return Repaired(), ()
    items, found = repair_items(was.items, was.developer_since, text, member.value, place)
    return found, items


def _respelled(known: bytes, value: bytes, path: str, member: Member, place: Place) -> tuple[Repaired, bytes]:
    if "spelling" not in place.enabled:
        return Repaired(), value
    return _applied(Repaired(((0, len(value), known),), (Part("spelling", path),)), value, member)


def _applied(repaired: Repaired, value: bytes, member: Member) -> tuple[Repaired, bytes]:
    """Return what is repaired of a member with its place in the whole text, and the value that goes out."""
    return repaired.moved(member.value), spliced(value, repaired)


def _value(text: bytes, member: Member | None) -> bytes:
    return text[member.value : member.end] if member else b""


def _is(opening: bytes, value: bytes) -> bool:
    return value.startswith(opening)


def _latest(value: bytes, known: bytes) -> bytes:
    """Return what was sent last, and of two equal values the earlier one, so that it is held once."""
    return known if value in (b"", known) else value
