"""The summary of a turn: what lists, views and commands show of it, as plain values that a flow can carry.

It is content-free like the journal. What the prompt itself says is looked up in the flows when it is asked for.
"""

from ..body.json_splice import Json, Object
from ..diagnosis.diagnosis import Diagnosis
from ..diagnosis.match import Match
from ..turn.record import Record
from ..turn.request import SESSION_HEADERS
from ..turn.rewrite import KEY_MEMBER, REQUEST_ID
from ..wire.headers import Values, values_by_name
from .journal import Pseudonyms
from .prompt_parts import CHANGED, NEW, SAME, prompt_parts
from .repair_lines import summary_of

_ID_HEADERS = (*SESSION_HEADERS, REQUEST_ID)


def turn_summary(diagnosis: Diagnosis, entry: Object, pseudonyms: Pseudonyms) -> Object:
    """Return the journal's entry of a turn with what else is shown of it."""
    exchange, record, match = diagnosis.exchange, diagnosis.record, diagnosis.match
    turn, forwarded = exchange.turn, values_by_name(exchange.forwarded)
    return {
        **entry,
        "is_miss": diagnosis.verdict.is_miss,
        "ended_at": record.ended_at,
        "limits": [list(limit) for limit in record.limits],
        "predecessor_flow": match.record.flow if match else None,
        "predecessor_at": match.record.sent_at if match else None,
        "sent_at": record.sent_at,
        "differences": [f"{change.name}: {change.detail}" for change in diagnosis.changes],
        "prompt_parts": list(prompt_parts(record, match, diagnosis.changes)),
        "identity": _identity(record, match, pseudonyms),
        "client_sent": _ids(turn.client_headers.values, turn.document.get(KEY_MEMBER), pseudonyms),
        "forwarded": _ids(forwarded, exchange.forwarded_key, pseudonyms),
        "edited": exchange.edited_turn is not None,
        **(summary_of(exchange.repair) if exchange.repair else {}),
        **_saved(diagnosis),
    }


def _saved(diagnosis: Diagnosis) -> Object:
    """Return what only an earlier summary of the same turn knows: what the client itself had sent."""
    known = diagnosis.exchange.saved_summary or {}
    return {name: known[name] for name in ("client_sent", "forwarded", "edited", "repair") if name in known}


def _identity(record: Record, match: Match | None, pseudonyms: Pseudonyms) -> Object:
    """Return what routes a turn, by name: its pseudonym, and whether it is the predecessor's."""
    new, old = record.route, match.record.route if match else None
    shown = pseudonyms.of_all(
        {
            "key": ("key", new.key or None),
            "session": ("key", new.session or None),
            "account": ("account", new.account or None),
            "socket": ("socket", new.socket or None),
        }
    )
    shown |= {"host": new.host, "transport": new.transport}
    names = ("key", "session", "account", "host", "transport", "socket")
    return {name: [shown[name], _state(getattr(new, name), old and getattr(old, name), match)] for name in names}


def _state(new: object, old: object, match: Match | None) -> str:
    return "absent" if not new else NEW if not match else SAME if new == old else CHANGED


def _ids(values: Values, key: Json, pseudonyms: Pseudonyms) -> Object:
    """Return the pseudonyms of the ids in a body's key and in header fields, by name."""
    ids = {name: ("key", values[name][0] if name in values else None) for name in _ID_HEADERS}
    return {**pseudonyms.of_all({KEY_MEMBER: ("key", key if isinstance(key, str) else None), **ids})}
