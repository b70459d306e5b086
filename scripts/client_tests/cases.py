"""The clients, version by version, with what is expected of each: a new version is a new row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from embedded_backend.received import Received

from client_tests import install
from client_tests.clients import Client, Codex, CodexProvider, OpenCode, Pi
from client_tests.environment import Transport, Way
from client_tests.messages import KEY

NEW, OLD = "session-id", "session_id"
"""The two spellings of the session header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A version of a client. Headers are those that the addon has to add; an empty set is a client left as it is."""

    client: type[Client]
    version: str
    transports: tuple[Transport, ...] = ("websocket", "http")
    ways: tuple[Way, ...] = ("regular", "reverse")
    adds: frozenset[str]
    adds_to_keyless: frozenset[str] = field(default=frozenset())
    spellings: frozenset[str] = frozenset({NEW, OLD})
    compaction: Literal["none", "a turn", "endpoint", "in band"] = "none"
    agents: Literal["none", "own session", "own key", "own thread"] = "none"

    def __str__(self) -> str:
        return f"{self.client.name} {self.version}"

    def gains(self, sent: Received) -> frozenset[str]:
        """Return the headers that a message is expected to gain on its way."""
        return self.adds_to_keyless if sent.kind != "handshake" and KEY not in sent.json else self.adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A version of a client, over one transport, by one way in."""

    row: Row
    transport: Transport
    way: Way

    def __str__(self) -> str:
        return f"{self.row}-{self.transport}-{self.way}"

    def missing(self) -> list[Path]:
        """Return what could not be installed of all that the case needs."""
        return [file for file in self.row.client.needs(self.row.version) if not file.exists()]


HTTP: tuple[Transport, ...] = ("http",)
UNNAMED = frozenset({NEW, OLD, "x-client-request-id"})
"""What a turn gets that has no session header at all."""

ROWS = (
    Row(client=Codex, version="0.50.0", transports=HTTP, adds=frozenset({NEW})),
    Row(
        client=Codex,
        version=install.OLD_CODEX,
        transports=HTTP,
        adds=frozenset({NEW}),
        adds_to_keyless=UNNAMED,
        compaction="endpoint",
    ),
    Row(
        client=Codex,
        version="0.120.0",
        adds=frozenset({NEW}),
        adds_to_keyless=frozenset({NEW}),
        compaction="endpoint",
        agents="own session",
    ),
    Row(client=Codex, version="0.130.0", adds=frozenset({NEW}), compaction="endpoint", agents="own key"),
    *(
        Row(
            client=Codex,
            version=version,
            adds=frozenset(),
            spellings=frozenset({NEW}),
            compaction="in band",
            agents="own thread",
        )
        for version in ("0.145.0", "0.155.0", install.NEW_CODEX)
    ),
    Row(
        client=CodexProvider,
        version=install.NEW_CODEX,
        ways=("reverse",),
        adds=frozenset(),
        spellings=frozenset({NEW}),
        compaction="a turn",
    ),
    Row(
        client=OpenCode,
        version=install.OPENCODE,
        transports=("http", "websocket"),
        adds=frozenset({OLD}),
        adds_to_keyless=frozenset({OLD}),
        agents="own session",
    ),
    Row(client=Pi, version="0.73.1", adds=frozenset({NEW})),
    Row(client=Pi, version="0.87.1", adds=frozenset({OLD})),
)


def _cases() -> Iterator[Case]:
    """Yield every version, over each transport that it has, by each way in."""
    for row in ROWS:
        for transport in row.transports:
            for way in row.ways:
                yield Case(row=row, transport=transport, way=way)
        if str(row) == f"{Codex.name} {install.NEW_CODEX}":
            yield Case(row=row, transport="websocket", way="upstream")


CASES = tuple(_cases())
