"""A turn's portrait: what the lists, the views and the commands show of it, as plain values that a flow can carry.

It is content-free like the journal. What the prompt itself says is looked up in the flows when somebody asks.
"""

from collections.abc import Iterator

from ..body.json_splice import Json, Object
from ..diagnosis.diagnosis import Diagnosis
from ..diagnosis.predecessor import Match
from ..diagnosis.prompt_diff import Change
from ..text import ascii_only, counted
from ..turn.record import Record
from ..turn.request import SESSION_HEADERS
from ..turn.rewrite import KEY_MEMBER, REQUEST_ID
from ..wire.headers import Values, first_value, values_by_name
from .pseudonyms import Pseudonyms

SAME, CHANGED, NEW, BEHIND = "same", "changed", "new", "behind"
"""States of a part: as in the predecessor; the first that differs; not in it; behind the first that differs."""

_HEADERS = (*SESSION_HEADERS, REQUEST_ID)


def turn_summary(diagnosis: Diagnosis, entry: Object, pseudonyms: Pseudonyms) -> Object:
    """Return the journal's entry of a turn with what else is shown of it."""
    turn = diagnosis.exchange.turn
    return {
        **entry,
        "is_miss": diagnosis.verdict.is_miss,
        "ended_at": diagnosis.record.ended_at,
        "resent_tokens": diagnosis.verdict.resent,
        "predecessor_flow": diagnosis.match.record.flow if diagnosis.match else None,
        "predecessor_at": diagnosis.match.record.sent_at if diagnosis.match else None,
        "sent_at": diagnosis.record.sent_at,
        "differences": [f"{change.name}: {change.detail}" for change in diagnosis.changes],
        "signature": list(signature(diagnosis.record, diagnosis.match, diagnosis.changes)),
        "identity": dict(_identity(diagnosis, pseudonyms)),
        "client_sent": dict(_edits_summary(turn.client_headers.values, turn.document.get(KEY_MEMBER), pseudonyms)),
        "forwarded": dict(
            _edits_summary(values_by_name(diagnosis.exchange.forwarded), diagnosis.exchange.forwarded_key, pseudonyms)
        ),
        "edited": diagnosis.exchange.edited is not None,
        **_recalled(diagnosis),
    }


def _recalled(diagnosis: Diagnosis) -> Object:
    """Return what only an earlier portrait of the same turn knows: what the client itself had sent."""
    known = diagnosis.exchange.saved_summary or {}
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
    items, head = record.prompt.items, match.shared_items if match else 0
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


def _identity(diagnosis: Diagnosis, pseudonyms: Pseudonyms) -> Iterator[tuple[str, Json]]:
    """Yield what routes a turn: the fingerprint, and whether it is the predecessor's."""
    mine, other = diagnosis.record.route, diagnosis.match.record.route if diagnosis.match else None
    for name in ("key", "session", "account", "host", "transport", "socket"):
        value, was = getattr(mine, name), getattr(other, name, None)
        kind = "key" if name == "session" else name  # the same value has one fingerprint wherever it stands
        shown = value if name in ("host", "transport") else pseudonyms.of(kind, value or None)
        yield name, [shown, _state(value, was, other is not None)]


def _state(value: object, was: object, compared: bool) -> str:
    return "absent" if not value else NEW if not compared else SAME if value == was else CHANGED


def _edits_summary(values: Values, key: Json, pseudonyms: Pseudonyms) -> Iterator[tuple[str, Json]]:
    """Yield the fingerprints of the identity in a body's key and in header fields."""
    yield KEY_MEMBER, pseudonyms.of("key", key) if isinstance(key, str) else None
    for name in _HEADERS:
        yield name, pseudonyms.of("key", first_value(values, name))
