"""The stage of a case: a backend of its own, the proxy before it, and room for the client."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded_backend.received import Received

from client_tests.programs import running

SCRIPTS = Path(__file__).resolve().parents[1]
ADDONS = [SCRIPTS / "client_tests" / "witness.py", SCRIPTS.parent / "addons" / "codex_continuity.py"]
RESPONSES = "/backend-api/codex/responses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a case sees of the programs around its client."""

    room: Path
    proxy_port: int

    @property
    def sent(self) -> list[Received]:
        """The turns and handshakes that the client sent so far, as they came to the proxy."""
        return of_turns(self.room / "sent.jsonl")

    @property
    def received(self) -> list[Received]:
        """The same as they reached the backend."""
        return of_turns(self.room / "received.jsonl")

    @property
    def log(self) -> str:
        """What the proxy has said."""
        return (self.room / "proxy.log").read_text()

    def environment(self) -> dict[str, str]:
        """Returns all that a client gets to know, so that nothing of the user's own settings leaks in."""
        proxy = f"http://127.0.0.1:{self.proxy_port}"
        ca_file = str(self.room / "mitmproxy" / "mitmproxy-ca-cert.pem")
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.room),
            "CODEX_HOME": str(self.room / ".codex"),
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "CODEX_CA_CERTIFICATE": ca_file,
            "SSL_CERT_FILE": ca_file,
        }


def of_turns(record: Path) -> list[Received]:
    """Reads a record, leaving out what a client asks besides: models, settings, telemetry."""
    every = (Received.from_line(line) for line in record.read_bytes().splitlines())
    return [each for each in every if each.path.startswith(RESPONSES)]


@contextmanager
def set_stage(room: Path, *backend_flags: str) -> Iterator[Stage]:
    """Starts the backend and the proxy before it; both end with the block."""
    with backend(room, *backend_flags) as ready, proxy(room, ready) as port:
        yield Stage(room=room, proxy_port=port)


@contextmanager
def backend(room: Path, *flags: str) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "embedded_backend", "--home", str(room / "backend")]
    command += ["--record", str(room / "received.jsonl"), *flags]
    with running(command, room / "backend.log", ours(), ready=r"^(\{.*\})$") as said:
        yield json.loads(said)


@contextmanager
def proxy(room: Path, ready: dict[str, str]) -> Iterator[int]:
    """Runs mitmdump in its upstream mode, so that every host is the backend and nothing leaves this machine."""
    settings = {
        "confdir": room / "mitmproxy",
        "ssl_verify_upstream_trusted_ca": ready["ca_file"],
        "witness": room / "sent.jsonl",
        "flow_detail": 0,
    }
    command = [str(Path(sys.executable).with_name("mitmdump")), "--listen-host", "127.0.0.1", "--listen-port", "0"]
    command += ["--mode", f"upstream:http://127.0.0.1:{ready['connect_port']}"]
    command += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command += [word for addon in ADDONS for word in ("-s", str(addon))]
    with running(command, room / "proxy.log", ours(), ready=r"listening at 127\.0\.0\.1:(\d+)") as said:
        yield int(said)
    assert not re.search(r"\bfault\b|Traceback|rror", log := (room / "proxy.log").read_text()), log


def ours() -> dict[str, str]:
    """Returns the environment of the project's own programs."""
    return os.environ | {"PYTHONPATH": str(SCRIPTS), "PYTHONUNBUFFERED": "1"}
