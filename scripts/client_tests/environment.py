"""What a client runs in: a backend and a proxy of its own, a folder, and no more of the user's settings than PATH."""

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from embedded_backend import Received
from toolkit.process import LOOPBACK, Program, finished, free_ports, start, start_mitmdump
from toolkit.program import ADDON, SCRIPTS

from client_tests.messages import REAL, SHORT, Pair, paired

type Entry = dict[str, Any]

CA_VARIABLES = ("CODEX_CA_CERTIFICATE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables by which one client or another is told the file of a CA."""

Way = Literal["regular", "upstream", "reverse"]
"""How a client gets to the proxy: as a proxy, as a proxy that has a proxy behind it, or as a base URL."""

Transport = Literal["http", "websocket"]
"""What the client is to speak; where it is HTTP, the backend refuses each WebSocket, and clients change over."""

_RECORDER = Path(__file__).with_name("recorder_addon.py")
# A client that leaves while its telemetry is being connected is no fault, though mitmproxy calls it an error.
# Nor is the backend's own name of a refusal, invalid_request_error, in the line of a refused WebSocket.
_COMPLAINT = r"Traceback|(?<!_e)rror(?! establishing server connection: client disconnected)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The programs around a client, and what they have written.

    `base_url` is for a client that takes one, None for one that is to use the proxy as a proxy. `variables` is all that
    a client gets to know, `launcher` the command that runs it, and `runs` has what was said around each run.
    """

    folder: Path
    variables: dict[str, str]
    way: Way = "regular"
    transport: Transport = "websocket"
    base_url: str | None = None
    launcher: Sequence[str] = ()
    runs: list[str] = field(default_factory=list)

    @property
    def work(self) -> Path:
        """The folder that the client works in."""
        (folder := self.folder / "work").mkdir(exist_ok=True)
        return folder

    @property
    def sent(self) -> list[Received]:
        """The turns and handshakes that the client sent so far, as they came to the proxy."""
        return _of_turns(self.folder / "sent.jsonl")

    @property
    def received(self) -> list[Received]:
        """The same as they reached the backend."""
        return _of_turns(self.folder / "received.jsonl")

    @property
    def pairs(self) -> list[Pair]:
        """All messages, as they were sent and as they arrived."""
        return paired(self.sent, self.received)

    @property
    def turns(self) -> list[Pair]:
        """The same without handshakes."""
        return [pair for pair in self.pairs if pair[0].kind != "handshake"]

    @property
    def journal(self) -> list[Entry]:
        """What the addon's journal says, turn by turn; a WebSocket's handshake that was refused is none."""
        entries = [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]
        return [entry for entry in entries if entry["endpoint"] != "handshake"]

    @property
    def logs(self) -> str:
        """All that the proxy, when it has ended, and the journal have said."""
        return (self.folder / "proxy.log").read_text() + (self.folder / "journal.jsonl").read_text()

    async def output(self, command: Sequence[str], **variables: str) -> str:
        """Run a client, which has to end well, with more variables; return what it printed."""
        words = [*self.launcher, *command]
        program = await finished(words, environment=self.variables | variables, folder=self.work)
        assert program.status == 0, f"{command} ended with {program}"
        self.runs.append(program.errors)
        return program.out


def _variables(folder: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), **more}


def _proxied(url: str, ca_file: Path, ca_variables: Iterable[str]) -> dict[str, str]:
    """Return what makes a client use a proxy and trust a CA, by those variables alone."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), url)
    return proxies | dict.fromkeys(ca_variables, str(ca_file)) | {"NO_PROXY": "127.0.0.1,localhost"}


@asynccontextmanager
async def running(
    folder: Path,
    way: Way = "regular",
    transport: Transport = "websocket",
    *,
    ca_variables: Iterable[str] = CA_VARIABLES,
    rules: Mapping[str, object] = MappingProxyType({}),
    options: Mapping[str, object] = MappingProxyType({}),
) -> AsyncIterator[Environment]:
    """Run the backend, and a proxy with a port for each way; behind it every host is the backend.

    `ca_variables` are those that tell the client the proxy's CA, `rules` are fields of the backend's, `options` are
    the addon's. What a client asks apart from its turns goes through the proxy in every case, or it would leave this
    machine.
    """
    async with _behind_proxy(folder, way, transport, ca_variables, rules, options) as (environment, proxy):
        yield environment
        # Before its end: a proxy that is stopped with connections open may complain of that, in some Pythons.
        assert not re.search(_COMPLAINT, proxy.text), proxy.text
    (folder / "proxy.log").write_text(proxy.text)
    assert not re.search(r"\bfault\b", proxy.text), proxy.text


@asynccontextmanager
async def distrusting(folder: Path, ca_variables: Iterable[str]) -> AsyncIterator[tuple[Environment, Program]]:
    """Run the same for a client that is told the CA only by variables that it does not hear; yields the proxy, too."""
    async with _behind_proxy(folder, "regular", "websocket", ca_variables, {}, {}) as both:
        yield both


@asynccontextmanager
async def _behind_proxy(
    folder: Path,
    way: Way,
    transport: Transport,
    ca_variables: Iterable[str],
    rules: Mapping[str, object],
    options: Mapping[str, object],
) -> AsyncIterator[tuple[Environment, Program]]:
    async with _backend(folder, transport, rules) as ready:
        upstream = f"upstream:http://{LOOPBACK}:{ready['connect_port']}"
        modes: dict[Way, str] = {"regular": "regular", "upstream": upstream, "reverse": "reverse:https://chatgpt.com"}
        ports = dict(zip(modes, free_ports(len(modes)), strict=True))
        urls = {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}
        proxy = await start_mitmdump(
            folder / "mitmproxy",
            modes=[f"{each}@{ports[name]}" for name, each in modes.items()],
            upstream_ca=Path(ready["ca_file"]),
            scripts=[_RECORDER, ADDON],
            options={
                "recorder_file": folder / "sent.jsonl",
                "recorder_backend": ready["port"],
                "codex_journal": folder / "journal.jsonl",
                **options,
            },
        )
        async with proxy:
            url = urls["upstream" if way == "upstream" else "regular"]
            variables = _variables(folder, **_proxied(url, proxy.ca_file, ca_variables))
            base_url = urls["reverse"] if way == "reverse" else None
            environment = Environment(
                folder=folder, way=way, transport=transport, variables=variables, base_url=base_url
            )
            yield environment, proxy.program


@asynccontextmanager
async def unaided(folder: Path, ca_variables: Iterable[str]) -> AsyncIterator[Environment]:
    """Run the backend alone, which has a proxy of its own: every host is the backend, and no addon is between."""
    async with _backend(folder) as ready:
        variables = _proxied(f"http://{LOOPBACK}:{ready['connect_port']}", Path(ready["ca_file"]), ca_variables)
        yield Environment(folder=folder, variables=_variables(folder, **variables))


@asynccontextmanager
async def launching(folder: Path, rules: Mapping[str, object]) -> AsyncIterator[Environment]:
    """Run the backend alone: the launcher sees to a proxy for each run, as for a person.

    What is not encrypted would leave this machine, and has nowhere to go.
    """
    async with _backend(folder, "websocket", rules) as ready:
        behind = f"http://{LOOPBACK}:{ready['connect_port']}"
        options = {"ssl_verify_upstream_trusted_ca": ready["ca_file"], "codex_journal": folder / "journal.jsonl"}
        words = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        launcher = [str(SCRIPTS / "run"), "--mode", f"upstream:{behind}", *words, "--"]
        yield Environment(folder=folder, variables=_variables(folder, HTTP_PROXY=behind), launcher=launcher)


@asynccontextmanager
async def _backend(
    folder: Path, transport: Transport = "websocket", rules: Mapping[str, object] = MappingProxyType({})
) -> AsyncIterator[dict[str, Any]]:
    """Run the embedded backend; yields what it says of its ports and its CA."""
    given = {**rules, **({"upgrade_status": 426} if transport == "http" else {})}
    flags = [word for name, value in given.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    command = [sys.executable, "-m", "embedded_backend", "--home", str(folder / "backend")]
    async with await start([*command, "--record", str(folder / "received.jsonl"), *flags]) as backend:
        yield json.loads((await backend.says(r"^\{.*\}$"))[0])


def _of_turns(record: Path) -> list[Received]:
    """Read a record, leaving out what else a client asks for: models, settings, telemetry."""
    every = (Received.from_line(line) for line in record.read_bytes().splitlines())
    return [each for each in every if each.path.startswith((REAL, *SHORT))]
