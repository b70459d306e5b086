"""A turn's portrait: what the lists, the views and the commands show of it, as plain values that a flow can carry.

It is content-free like the journal. What the prompt itself says is looked up in the flows when somebody asks.
"""

from collections.abc import Iterator

from ..causes.changes import Change
from ..causes.finding import Finding
from ..causes.predecessor import Match
from ..phrases import counted
from ..turns.envelope import KEY_MEMBER, REQUEST_ID
from ..turns.record import Record
from ..turns.turn import SESSION_HEADERS
from ..visible import ascii_only
from ..wire.document import Json, Object
from ..wire.fields import Values, by_name, first_value
from .fingerprint import Fingerprints

SAME, CHANGED, NEW, BEHIND = "same", "changed", "new", "behind"
"""States of a part: as in the predecessor; the first that differs; not in it; behind the first that differs."""

_HEADERS = (*SESSION_HEADERS, REQUEST_ID)


def portrait(finding: Finding, entry: Object, fingerprints: Fingerprints) -> Object:
    """Return the journal's entry of a turn with what else is shown of it."""
    turn = finding.passage.turn
    return {
        **entry,
        "is_miss": finding.verdict.is_miss,
        "ended_at": finding.record.ended_at,
        "resent_tokens": finding.verdict.resent,
        "predecessor_flow": finding.match.record.flow if finding.match else None,
        "predecessor_at": finding.match.record.sent_at if finding.match else None,
        "sent_at": finding.record.sent_at,
        "differences": [f"{change.name}: {change.detail}" for change in finding.changes],
        "signature": list(signature(finding.record, finding.match, finding.changes)),
        "identity": dict(_identity(finding, fingerprints)),
        "client_sent": dict(_envelope(turn.sender.values, turn.document.get(KEY_MEMBER), fingerprints)),
        "forwarded": dict(_envelope(by_name(finding.passage.forwarded), finding.passage.forwarded_key, fingerprints)),
        "edited": finding.passage.edited is not None,
        **_recalled(finding),
    }


def _recalled(finding: Finding) -> Object:
    """Return what only an earlier portrait of the same turn knows: what the client itself had sent."""
    known = finding.passage.recalled or {}
    return {name: known[name] for name in ("client_sent", "forwarded", "edited") if name in known}


def signature(record: Record, match: Match | None, changes: tuple[Change, ...]) -> Iterator[Json]:
    """Yield the prompt's parts in their order: name, bytes, state."""
    names = {change.name for change in changes}
    head = record.prompt.head
    tools = CHANGED if "tools_changed" in names else SAME
    yield [counted(len(head.tools), "tool"), sum(tool.size for tool in head.tools), tools if match else NEW]
    told = CHANGED if "instructions_changed" in names else BEHIND if tools == CHANGED else SAME
    yield ["instructions", len(head.instructions), told if match else NEW]
    yield from _items(record, match)


def _items(record: Record, match: Match | None) -> Iterator[Json]:
    """Yield the items: those that stand again, the first that differs, and what follows."""
    items, head = record.prompt.items, match.head if match else 0
    if head:
        last = f" to input[{items[head - 1].place}]" if head > 1 else ""
        yield [f"input[{items[0].place}]{last}", items.size(head), SAME]
    if head == len(items):
        return
    first = items[head]
    whole = match is None or match.whole
    yield [f"input[{first.place}] {ascii_only(first.kind, 40)}", first.size, NEW if whole else CHANGED]
    if head + 1 < len(items):
        size = items.size() - items.size(head + 1)
        yield [counted(len(items) - head - 1, "more item"), size, NEW if whole else BEHIND]


def _identity(finding: Finding, fingerprints: Fingerprints) -> Iterator[tuple[str, Json]]:
    """Yield what routes a turn: the fingerprint, and whether it is the predecessor's."""
    mine, other = finding.record.route, finding.match.record.route if finding.match else None
    for name in ("key", "session", "account", "host", "transport", "socket"):
        value, was = getattr(mine, name), getattr(other, name, None)
        kind = "key" if name == "session" else name  # the same value has one fingerprint wherever it stands
        shown = value if name in ("host", "transport") else fingerprints.of(kind, value or None)
        yield name, [shown, _state(value, was, other is not None)]


def _state(value: object, was: object, compared: bool) -> str:
    return "absent" if not value else NEW if not compared else SAME if value == was else CHANGED


def _envelope(values: Values, key: Json, fingerprints: Fingerprints) -> Iterator[tuple[str, Json]]:
    """Yield the fingerprints of the identity in a body's key and in header fields."""
    yield KEY_MEMBER, fingerprints.of("key", key) if isinstance(key, str) else None
    for name in _HEADERS:
        yield name, fingerprints.of("key", first_value(values, name))
