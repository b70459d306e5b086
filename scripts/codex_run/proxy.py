"""mitmproxy beside the client, in a session of its own: no key and no closing terminal reaches it."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_run import refusal, signals
from codex_run.arguments import Arguments
from codex_run.trust import Bundles
from codex_run.upstream import Upstream

SCRIPTS = Path(__file__).resolve().parents[1]
ADDONS = (SCRIPTS.parent / "addons" / "codex_continuity.py", SCRIPTS / "codex_run" / "within" / "codex_run_beacon.py")
LOOPBACK = "127.0.0.1"

_START, _REPORT, _END = 60.0, 5.0, 20.0
"""Seconds for the proxy to listen, to report, and to end by itself: it may have a capture to write."""
_STEP = 0.05


class NotStarted(Exception):
    """The proxy did not come to listen."""


class Interrupted(Exception):
    """A signal asked for the end before there was a client."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def command(arguments: Arguments, bundles: Bundles, upstream: Upstream | None) -> list[str]:
    """Return the command line of the proxy."""
    given = arguments.passed_on
    words = [str(Path(sys.executable).with_name("mitmweb" if arguments.web else "mitmdump")), "-q"]
    for addon in ADDONS:
        words += ["-s", str(addon)]
    words += ["--listen-port", str(arguments.port)]
    words += unless(given, "listen_host", ["--listen-host", LOOPBACK])
    words += ["--mode", f"upstream:{upstream.url}"] if upstream else []
    words += unless(given, "ssl_verify_upstream_trusted", _set("ssl_verify_upstream_trusted_ca", bundles.upstream))
    words += unless(given, "web_port", _set("web_port", free_port())) if arguments.web else []
    return [*words, *given]


def unless(given: Sequence[str], option: str, words: list[str]) -> list[str]:
    """Return the words, or none if the user has given the option in whatever spelling."""
    return [] if option in " ".join(given).replace("-", "_") else words


def _set(option: str, value: object) -> list[str]:
    return ["--set", f"{option}={value}"]


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


class Proxy:
    """A proxy from its start to its end; use it as a context."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path, mask: set[int]) -> None:
        self._log = log
        self._port = words[words.index("--listen-port") + 1]
        self._near, far = socket.socketpair()
        self._unread = b""
        with far, log.open("wb") as out:
            self._process = subprocess.Popen(
                list(words),
                stdin=far.fileno(),
                stdout=out,
                stderr=out,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=lambda: signals.unblock(mask),
            )

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End it, come what may."""
        self._near.close()  # without a client to outlive, that alone ends it, once it has started
        in_peace = [] if kind else [self._wait]
        for stop in (*in_peace, self._process.terminate, self._wait_a_little, self._process.kill):
            if self.has_ended:
                return
            stop()
        self._process.wait()

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def listening(self) -> dict[str, Any]:
        """Wait until it listens, and return what it says then; raise NotStarted or Interrupted."""
        said = self._read(_START, self._check_signals)
        if said is None:
            raise NotStarted(self._why_not())
        return said

    def tell_client(self, pid: int) -> None:
        """Name the client, which the proxy outlives even if we do not."""
        self._send({"client": pid})

    def report(self) -> dict[str, Any] | None:
        """Ask for the report, after which it ends; None if there is none to be had."""
        self._send({"end": True})
        return self._read(_REPORT)

    def _send(self, said: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._near.sendall(json.dumps(said).encode() + b"\n")

    def _read(self, seconds: float, at_each_step: Callable[[], None] = lambda: None) -> dict[str, Any] | None:
        """Return what it says next, None if it ends before it has said it."""
        self._near.settimeout(_STEP)
        end = time.monotonic() + seconds
        while b"\n" not in self._unread and time.monotonic() < end:
            at_each_step()
            with contextlib.suppress(TimeoutError):
                if not (data := self._near.recv(65536)):
                    return None
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        said: dict[str, Any] | None = json.loads(line) if line else None
        return said

    def _check_signals(self) -> None:
        if number := signals.pending_end():
            raise Interrupted(number)

    def _why_not(self) -> str:
        """Return sentences from what it wrote until it ended, or its time was over."""
        self._wait_a_little()
        written = self._log.read_text(errors="replace")
        return refusal.why_not(written, port=self._port, status=self._process.poll(), seconds=_START)

    def _wait(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END)

    def _wait_a_little(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_REPORT)


def environment(user: Mapping[str, str], upstream: Upstream | None, room: Path) -> dict[str, str]:
    """Return the environment of the proxy: the user's, and what is not for everyone's eyes."""
    auth = {"CODEX_RUN_UPSTREAM_AUTH": upstream.auth} if upstream and upstream.auth else {}
    return {**user, **auth, "CODEX_RUN_ROOM": str(room)}


def url(address: Sequence[Any]) -> str:
    """Return the address of a proxy as a client takes it; one that listens everywhere is reached on loopback."""
    host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(str(address[0]), str(address[0]))
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"
