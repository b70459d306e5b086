"""The tables of docs/clients.md: what the cases say of a client, in the words of its row, and the row that is there."""

from collections.abc import Iterable

from toolkit.program import SCRIPTS

from client_tests.cases import Row
from client_tests.messages import KEY

PAGE = SCRIPTS.parent / "docs" / "clients.md"

_TRANSPORTS = {"http": "HTTP", "websocket": "WebSocket"}


def cells(name: str) -> list[str]:
    """Return the cells of the row whose first is this name, without it. Raises KeyError where there is none."""
    rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines())
    return {first: rest for first, *rest in filter(None, rows)}[name]


def over(row: Row) -> str:
    """Return the transports, the first first."""
    return ", ".join(_TRANSPORTS[each] for each in row.transports)


def adds(row: Row) -> str:
    """Return what the addon adds, to turns and to what has no key."""
    usual, keyless = names(row.adds) or "nothing", names(row.adds_to_keyless | {KEY})
    match row.keyless:
        case "none":
            return usual
        case "every turn":
            return keyless
    return f"{usual}; to its {row.keyless}: {keyless}"


def names(given: Iterable[str]) -> str:
    """Return names of headers, variables and members as code."""
    return ", ".join(f"`{name}`" for name in sorted(given))
