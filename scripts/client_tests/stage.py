"""The stage of a case: a backend of its own, the proxy before it, and room for the client."""

import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from embedded_backend.received import Received

from client_tests.programs import output, running
from client_tests.wire import REAL, SHORT

Entry = dict[str, Any]

SCRIPTS = Path(__file__).resolve().parents[1]
ADDONS = [SCRIPTS / "client_tests" / "witness.py", SCRIPTS.parent / "addons" / "codex_continuity.py"]
Way = Literal["regular", "upstream", "reverse"]
"""How a client gets to the proxy: as a proxy, as a proxy that has a proxy behind it, or as a base URL."""

Transport = Literal["http", "websocket"]
"""What the client is to speak; where it is HTTP, the backend refuses each WebSocket, and clients change over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a case sees of the programs around its client."""

    room: Path
    way: Way
    transport: Transport
    ports: dict[Way, int]

    @property
    def sent(self) -> list[Received]:
        """The turns and handshakes that the client sent so far, as they came to the proxy."""
        return of_turns(self.room / "sent.jsonl")

    @property
    def received(self) -> list[Received]:
        """The same as they reached the backend."""
        return of_turns(self.room / "received.jsonl")

    @property
    def journal(self) -> list[Entry]:
        """What the addon's journal says, turn by turn."""
        return [json.loads(line) for line in (self.room / "journal.jsonl").read_text().splitlines()]

    @property
    def said(self) -> str:
        """All that the proxy and the journal have said."""
        return (self.room / "proxy.log").read_text() + (self.room / "journal.jsonl").read_text()

    @property
    def base_url(self) -> str | None:
        """The base URL of a client that takes one; None for a client that is to use the proxy as a proxy."""
        return f"http://127.0.0.1:{self.ports['reverse']}" if self.way == "reverse" else None

    def output(self, command: list[str], work: Path, **more: str) -> str:
        """Runs a client to its end and returns what it printed; more is added to its environment."""
        return output(command, work, self.environment() | more)

    def environment(self) -> dict[str, str]:
        """Returns all that a client gets to know, so that nothing of the user's own settings leaks in.

        What a client asks besides its turns goes through the proxy in every case, or it would leave this machine.
        """
        proxy = f"http://127.0.0.1:{self.ports['upstream' if self.way == 'upstream' else 'regular']}"
        ca_file = str(self.room / "mitmproxy" / "mitmproxy-ca-cert.pem")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.room),
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "CODEX_CA_CERTIFICATE": ca_file,
            "NODE_EXTRA_CA_CERTS": ca_file,
            "SSL_CERT_FILE": ca_file,
        }


def of_turns(record: Path) -> list[Received]:
    """Reads a record, leaving out what a client asks besides: models, settings, telemetry."""
    every = (Received.from_line(line) for line in record.read_bytes().splitlines())
    return [each for each in every if each.path.startswith((REAL, *SHORT))]


@contextmanager
def set_stage(room: Path, way: Way = "regular", transport: Transport = "websocket") -> Iterator[Stage]:
    """Starts the backend and the proxy before it; both end with the block."""
    flags = ("--upgrade-status", "426") if transport == "http" else ()
    with backend(room, *flags) as ready, proxy(room, ready) as ports:
        yield Stage(room=room, way=way, transport=transport, ports=ports)


@contextmanager
def backend(room: Path, *flags: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "embedded_backend", "--home", str(room / "backend")]
    command += ["--record", str(room / "received.jsonl"), *flags]
    with running(command, room / "backend.log", ours(), ready=r"^(\{.*\})$") as said:
        yield json.loads(said)


@contextmanager
def proxy(room: Path, ready: dict[str, Any]) -> Iterator[dict[Way, int]]:
    """Runs mitmdump with a port for each way; behind them every host is the backend, so nothing leaves this machine."""
    modes = modes_before(ready)
    ports = dict(zip(modes, free_ports(len(modes)), strict=True))
    command = [str(Path(sys.executable).with_name("mitmdump")), "--listen-host", "127.0.0.1"]
    command += [word for way, mode in modes.items() for word in ("--mode", f"{mode}@{ports[way]}")]
    command += [word for name, value in settings(room, ready).items() for word in ("--set", f"{name}={value}")]
    command += [word for addon in ADDONS for word in ("-s", str(addon))]
    with running(command, room / "proxy.log", ours(), ready=rf"(listening at 127\.0\.0\.1:{ports['reverse']})"):
        yield ports
        # Before its end: a proxy that is stopped with connections open may complain of that, depending on the Python.
        assert_not_said(room, COMPLAINT)
    assert_not_said(room, r"\bfault\b")


def modes_before(ready: dict[str, Any]) -> dict[Way, str]:
    upstream = f"upstream:http://127.0.0.1:{ready['connect_port']}"
    return {"regular": "regular", "upstream": upstream, "reverse": "reverse:https://chatgpt.com"}


def settings(room: Path, ready: dict[str, Any]) -> dict[str, object]:
    return {
        "confdir": room / "mitmproxy",
        "ssl_verify_upstream_trusted_ca": ready["ca_file"],
        "witness": room / "sent.jsonl",
        "detour": ready["port"],
        "codex_journal": room / "journal.jsonl",
        "flow_detail": 0,
    }


# A client that leaves while its telemetry is being connected is no fault, though mitmproxy calls it an error.
COMPLAINT = r"Traceback|rror(?! establishing server connection: client disconnected)"


def assert_not_said(room: Path, pattern: str) -> None:
    log = (room / "proxy.log").read_text()
    assert not re.search(pattern, log), log


def free_ports(count: int) -> list[int]:
    """Returns ports that nobody listens on; mitmproxy finds one by itself, but not several."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def ours() -> dict[str, str]:
    """Returns the environment of the project's own programs."""
    return os.environ | {"PYTHONPATH": str(SCRIPTS), "PYTHONUNBUFFERED": "1"}
