"""The table of what was run and of what the addon changed, put together from the runs themselves."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from embedded_backend import Received

from client_tests.messages import Pair, added, part

HEAD = "| client | over | way in | what the addon changed |\n|---|---|---|---|"
TRANSPORTS = {"http": "HTTP", "websocket": "WebSocket"}
WAYS = {"regular": "proxy", "upstream": "proxy with a proxy behind it", "reverse": "base URL"}
SUBJECTS = {"compaction": "compaction", "keyless": "title"}


@dataclass(slots=True)
class Line:
    """What was seen of one version over one transport; members keep their order and come once."""

    ways: dict[str, None] = field(default_factory=dict)
    changes: dict[str, dict[str, None]] = field(default_factory=dict)


LINES: defaultdict[tuple[str, str], Line] = defaultdict(Line)
"""By client and transport."""


def note(client: str, transport: str, way: str, pairs: Iterable[Pair]) -> None:
    """Add what was run to the table."""
    line = LINES[client, TRANSPORTS[transport]]
    line.ways[WAYS[way]] = None
    for sent, received in pairs:
        line.changes.setdefault(subject(sent), {}).update(dict.fromkeys(changes(sent, received)))


def subject(sent: Received) -> str:
    """Return what a message is about; without a key, a client's turns have no session either, or are titles."""
    if sent.kind == "handshake" or (sent.header("session-id") or sent.header("session_id")) is None:
        return "turns" if not sent.path.endswith("/compact") else "compaction"
    return SUBJECTS.get(part(sent), "turns")


def changes(sent: Received, received: Received) -> list[str]:
    """Return in words what is other than it was sent."""
    headers = added(sent, received) if sent.kind != "frame" else {}
    before, after = ({}, {}) if sent.kind == "handshake" else (sent.json, received.json)
    gained = (f"+`{name}`" for name in (*headers, *(name for name in after if name not in before)))
    return [*gained, *(f"-`{name}`" for name in before if name not in after)]


def table() -> str:
    """Return the table as Markdown; transports with the same changes share a row."""
    rows: defaultdict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = defaultdict(lambda: ({}, {}))
    for (client, transport), line in LINES.items():
        transports, ways = rows[client, described(line.changes)]
        transports[transport] = None
        ways |= line.ways
    cells = ((client, *map(", ".join, seen), said) for (client, said), seen in rows.items())
    return "\n".join((HEAD, *(f"| {' | '.join(each)} |" for each in sorted(cells, key=_order))))


def _order(cells: tuple[str, ...]) -> list[object]:
    """Sort by name, then by version as numbers."""
    *name, version = cells[0].split(" ")
    return [" ".join(name).lower(), [int(number) for number in version.split(".")], cells[1]]


def described(changes: dict[str, dict[str, None]]) -> str:
    """Return the changes in words; what holds for the turns is not repeated."""
    turns = changes.get("turns", {})
    others = [(about, names) for about, names in changes.items() if about != "turns" and set(names) != set(turns)]
    said = [f"{about}: {' '.join(names) or 'nothing'}" for about, names in others]
    return "; ".join([" ".join(turns), *said] if turns else said) or "nothing"
