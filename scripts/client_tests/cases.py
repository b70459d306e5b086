"""The clients, version by version, with what is expected of each: a new version is a new row."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import pytest
from embedded_backend import Received

from client_tests import install
from client_tests.clients import Client, Cline, Codex, CodexProvider, OhMyPi, OpenCode, Pi
from client_tests.environment import Environment, Transport, Way
from client_tests.messages import KEY

NEW, OLD = frozenset({"session-id"}), frozenset({"session_id"})
"""The two spellings of the session header."""

SSL, NODE, OWN = "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE"
"""Variables by which programs are told a CA: OpenSSL's and many libraries', Node's, and the official client's own."""

NOTHING: frozenset[str] = frozenset()
EVERYTHING = NEW | OLD | {"x-client-request-id"}
"""What a turn gets that has no session header at all."""

HTTP: tuple[Transport, ...] = ("http",)
BOTH: tuple[Transport, ...] = ("websocket", "http")


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a client. Headers are those that the addon has to add; an empty set is a client left as it is.

    `adds` is what it adds to a message with a key or a handshake, `adds_to_keyless` to one without, besides the key.

    `accepts` are members that it sends and that the embedded backend refuses by default, `hears` the variables by which
    it is told a CA, each of which suffices; one that does not resume is a single process.
    """

    client: type[Client]
    version: str
    transports: tuple[Transport, ...]
    adds: frozenset[str]
    _: KW_ONLY
    adds_to_keyless: frozenset[str] = NOTHING
    keyless: Literal["none", "compaction", "title", "every turn"] = "none"
    spellings: frozenset[str] = NEW | OLD
    ways: tuple[Way, ...] = ("regular", "reverse")
    compaction: Literal["none", "a turn", "endpoint", "in band"] = "none"
    agents: Literal["none", "own session", "own key", "own thread"] = "none"
    accepts: tuple[str, ...] = ()
    resumes: bool = True
    hears: tuple[str, ...] = (SSL,)

    def __str__(self) -> str:
        return f"{self.client.name} {self.version}"

    def gains(self, sent: Received) -> frozenset[str]:
        """Return the headers that a message is expected to gain on its way."""
        return self.adds_to_keyless if sent.kind != "handshake" and KEY not in sent.json else self.adds

    def logged_in(self, environment: Environment) -> Client:
        """Return the client in an environment; a test that asks for one that is missing is skipped."""
        return self.client(self.version, environment)

    @property
    def rules(self) -> dict[str, object]:
        """The embedded backend's rules under which it can be tested."""
        return {"accepts": self.accepts}

    @property
    def mark(self) -> pytest.MarkDecorator:
        """The mark of the group that it is installed with."""
        return pytest.mark.codex if self.client.program == "codex" else pytest.mark.node


@dataclass(frozen=True, slots=True)
class Case:
    """A version of a client, over one transport, by one way in."""

    row: Row
    transport: Transport
    way: Way

    def __str__(self) -> str:
        return f"{self.row}-{self.transport}-{self.way}"

    @property
    def ca_variable(self) -> str:
        """The one variable that tells the client the CA: each that it hears has its case."""
        return self.row.hears[0 if self.transport == "http" else -1]


ROWS = (
    Row(Codex, "0.50.0", HTTP, NEW),
    Row(Codex, install.OLD_CODEX, HTTP, NEW, adds_to_keyless=EVERYTHING, keyless="compaction", compaction="endpoint"),
    Row(
        Codex,
        "0.120.0",
        BOTH,
        NEW,
        adds_to_keyless=NEW,
        keyless="compaction",
        compaction="endpoint",
        agents="own session",
        hears=(SSL, OWN),
    ),
    Row(Codex, "0.130.0", BOTH, NEW, compaction="endpoint", agents="own key", hears=(SSL, OWN)),
    *(
        Row(
            Codex,
            version,
            BOTH,
            NOTHING,
            spellings=NEW,
            compaction="in band",
            agents="own thread",
            hears=(SSL, OWN),
        )
        for version in ("0.145.0", "0.155.0", install.NEW_CODEX)
    ),
    Row(CodexProvider, install.NEW_CODEX, BOTH, NOTHING, spellings=NEW, ways=("reverse",), compaction="a turn"),
    Row(
        OpenCode,
        install.OPENCODE,
        ("http", "websocket"),
        OLD,
        adds_to_keyless=OLD,
        keyless="title",
        agents="own session",
        hears=(SSL, NODE),
    ),
    Row(Pi, "0.73.1", BOTH, NEW, hears=(NODE,)),
    Row(Pi, "0.87.1", BOTH, OLD, hears=(NODE,)),
    Row(Pi, install.NEW_PI, BOTH, OLD, accepts=("max_output_tokens",), hears=(NODE,)),
    Row(OhMyPi, install.OH_MY_PI, BOTH, NOTHING, hears=(SSL, NODE)),
    Row(Cline, install.CLINE, HTTP, NEW, adds_to_keyless=NEW, keyless="every turn", resumes=False, hears=(SSL, NODE)),
)


CASES = (
    *(Case(row, transport, way) for row in ROWS for transport in row.transports for way in row.ways),
    *(Case(row, "websocket", "upstream") for row in ROWS if str(row) == f"{Codex.name} {install.NEW_CODEX}"),
)
"""Every version, over each transport that it has, by each way in."""


def parameters(of: Iterable[Row] | Iterable[Case]) -> list[Any]:
    """Return the parameters of a fixture, each with its name and the mark of its group."""
    return [pytest.param(each, id=str(each), marks=(each if isinstance(each, Row) else each.row).mark) for each in of]
