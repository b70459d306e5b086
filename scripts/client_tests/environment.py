"""What a client runs in: a backend and a proxy of its own, a folder, and no more of the user's settings than PATH."""

import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from embedded_backend import Received
from toolkit.process import ADDON, LOOPBACK, SCRIPTS, finished, free_ports, start, start_mitmdump

from client_tests.messages import REAL, SHORT

type Entry = dict[str, Any]

Way = Literal["regular", "upstream", "reverse"]
"""How a client gets to the proxy: as a proxy, as a proxy that has a proxy behind it, or as a base URL."""

Transport = Literal["http", "websocket"]
"""What the client is to speak; where it is HTTP, the backend refuses each WebSocket, and clients change over."""

_RECORDER = Path(__file__).with_name("recorder_addon.py")
# A client that leaves while its telemetry is being connected is no fault, though mitmproxy calls it an error.
_COMPLAINT = r"Traceback|rror(?! establishing server connection: client disconnected)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The programs around a client, and what they have written."""

    folder: Path
    way: Way
    transport: Transport
    ports: dict[Way, int]

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
    def journal(self) -> list[Entry]:
        """What the addon's journal says, turn by turn; a WebSocket's handshake that was refused is none."""
        entries = [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]
        return [entry for entry in entries if entry["endpoint"] != "handshake"]

    @property
    def logs(self) -> str:
        """All that the proxy, when it has ended, and the journal have said."""
        return (self.folder / "proxy.log").read_text() + (self.folder / "journal.jsonl").read_text()

    @property
    def base_url(self) -> str | None:
        """The base URL of a client that takes one; None for a client that is to use the proxy as a proxy."""
        return f"http://{LOOPBACK}:{self.ports['reverse']}" if self.way == "reverse" else None

    async def output(self, command: Sequence[str], **variables: str) -> str:
        """Run a client to its end, with more variables; return what it printed."""
        return (await self.ended(command, **variables))[0]

    async def ended(self, command: Sequence[str], **variables: str) -> tuple[str, str]:
        """Run a program that has to end well; return what it wrote on both outputs."""
        program = await finished(command, environment=self.variables() | variables, folder=self.work)
        out, errors = program.out, program.errors
        assert program.status == 0, f"{command} ended with {program.status}:\n{out}\n{errors}"
        return out, errors

    def variables(self) -> dict[str, str]:
        """Return all that a client gets to know.

        What a client asks apart from its turns goes through the proxy in every case, or it would leave this machine.
        """
        proxy = f"http://{LOOPBACK}:{self.ports['upstream' if self.way == 'upstream' else 'regular']}"
        ca_file = str(self.folder / "mitmproxy" / "mitmproxy-ca-cert.pem")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "CODEX_CA_CERTIFICATE": ca_file,
            "NODE_EXTRA_CA_CERTS": ca_file,
            "SSL_CERT_FILE": ca_file,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchedEnvironment(Environment):
    """A backend alone: the launcher sees to a proxy for each run; `runs` has what was said around each client."""

    connect_port: int
    ca_file: str
    runs: list[str] = field(default_factory=list)

    async def output(self, command: Sequence[str], **variables: str) -> str:
        """Run a client by the launcher, as a person would."""
        options = {"ssl_verify_upstream_trusted_ca": self.ca_file, "codex_journal": self.folder / "journal.jsonl"}
        launcher = [str(SCRIPTS / "run"), "--mode", f"upstream:http://{LOOPBACK}:{self.connect_port}"]
        launcher += [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
        out, errors = await self.ended([*launcher, "--", *command], **variables)
        self.runs.append(errors)
        return out

    def variables(self) -> dict[str, str]:
        """Return what a user's shell knows; what is not encrypted would leave this machine, and has nowhere to go."""
        nowhere = f"http://{LOOPBACK}:{self.connect_port}"
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "HTTP_PROXY": nowhere}


@asynccontextmanager
async def running(folder: Path, way: Way = "regular", transport: Transport = "websocket") -> AsyncIterator[Environment]:
    """Run the backend, and a proxy with a port for each way; behind it every host is the backend."""
    async with _backend(folder, *(("--upgrade-status", "426") if transport == "http" else ())) as ready:
        upstream = f"upstream:http://{LOOPBACK}:{ready['connect_port']}"
        modes: dict[Way, str] = {"regular": "regular", "upstream": upstream, "reverse": "reverse:https://chatgpt.com"}
        ports = dict(zip(modes, free_ports(len(modes)), strict=True))
        proxy = await start_mitmdump(
            folder / "mitmproxy",
            modes=[f"{mode}@{ports[name]}" for name, mode in modes.items()],
            upstream_ca=Path(ready["ca_file"]),
            scripts=[_RECORDER, ADDON],
            options={
                "recorder_file": folder / "sent.jsonl",
                "recorder_backend": ready["port"],
                "codex_journal": folder / "journal.jsonl",
            },
        )
        async with proxy:
            yield Environment(folder=folder, way=way, transport=transport, ports=ports)
            # Before its end: a proxy that is stopped with connections open may complain of that, in some Pythons.
            assert not re.search(_COMPLAINT, proxy.program.text), proxy.program.text
        (folder / "proxy.log").write_text(proxy.program.text)
        assert not re.search(r"\bfault\b", proxy.program.text), proxy.program.text


@asynccontextmanager
async def launching(folder: Path) -> AsyncIterator[LaunchedEnvironment]:
    """Run the backend."""
    async with _backend(folder) as ready:
        yield LaunchedEnvironment(
            folder=folder,
            way="regular",
            transport="websocket",
            ports={},
            connect_port=ready["connect_port"],
            ca_file=ready["ca_file"],
        )


@asynccontextmanager
async def _backend(folder: Path, *flags: str) -> AsyncIterator[dict[str, Any]]:
    """Run the embedded backend; yields what it says of its ports and its CA."""
    command = [sys.executable, "-m", "embedded_backend", "--home", str(folder / "backend")]
    async with await start([*command, "--record", str(folder / "received.jsonl"), *flags]) as backend:
        yield json.loads((await backend.says(r"^\{.*\}$"))[0])


def _of_turns(record: Path) -> list[Received]:
    """Read a record, leaving out what else a client asks for: models, settings, telemetry."""
    every = (Received.from_line(line) for line in record.read_bytes().splitlines())
    return [each for each in every if each.path.startswith((REAL, *SHORT))]
