"""mitmproxy as a process with a session of its own: no key of the terminal, and no closing of it, reaches it."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.process import LOOPBACK, free_port, installed
from toolkit.program import ADDON, called

from codex_run.arguments import Arguments, Failed
from codex_run.client import ENDING
from codex_run.environment import UPSTREAM, Upstream

ADDONS = (ADDON, Path(__file__).parent / "in_proxy" / "control_addon.py")

_START, _REPORT, _END = 60.0, 5.0, 20.0
"""Seconds for the proxy to listen, to report, and to end by itself: it may have a capture to write."""
_COLUMNS = ("icon", "path", "comment", "status", "size", "time")

_STEP = 0.05
_QUOTED = 5  # lines of a proxy that has not ended
_PREFIX = re.compile(r"^(\[[\d:.]+\] |mitmproxy\.exceptions\.\w+: |mitmdump: error: |mitmweb: error: )")
_HEADINGS = ("usage:", "Error logged", "Errors logged")
_BY_ITSELF = (
    f"With the same options, but without the -- and the command, {called('run')} shows all that the proxy says."
)


class Interrupted(Exception):
    """A signal, the only argument, asked for the end before there was a client."""


def command(arguments: Arguments, work_dir: Path, upstream: Upstream | None) -> list[str]:
    """Return the command line of the proxy for a client; the user's own options come last, so that they count."""
    given = arguments.passed_on
    words = [str(installed(arguments.program)), "-q", *(word for addon in ADDONS for word in ("-s", str(addon)))]
    words += ["--listen-port", str(arguments.port or 0), *_host(given)]
    words += ["--mode", f"upstream:{upstream.url}"] if upstream else []
    trusted = f"ssl_verify_upstream_trusted_ca={work_dir / UPSTREAM}"
    words += _unless(given, "ssl_verify_upstream_trusted", "--set", trusted)
    words += _for_web(given) if arguments.program == "mitmweb" else []
    return [*words, *given]


def command_alone(arguments: Arguments) -> list[str]:
    """Return the command line of the proxy by itself, on loopback unless the user says otherwise."""
    words = [str(installed(arguments.program)), "-s", str(ADDONS[0]), *_host(arguments.passed_on)]
    words += ["--quiet"] if arguments.quiet else []
    words += [] if arguments.port is None else ["--listen-port", str(arguments.port)]
    words += _columns(arguments.passed_on) if arguments.program == "mitmweb" else []
    return [*words, *arguments.passed_on]


def environment(user: Mapping[str, str], upstream: Upstream | None, work_dir: Path) -> dict[str, str]:
    """Return the environment of the proxy: the user's, and what must not stand on a command line for all to see."""
    auth = {"CODEX_RUN_UPSTREAM_AUTH": upstream.auth} if upstream and upstream.auth else {}
    return {**user, **auth, "CODEX_RUN_WORK_DIR": str(work_dir)}


def url(address: Sequence[Any]) -> str:
    """Return the address of a proxy as a client takes it; one that listens everywhere is reached on loopback."""
    host = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(str(address[0]), str(address[0]))
    return f"http://[{host}]:{address[1]}" if ":" in host else f"http://{host}:{address[1]}"


def why_not_started(written: str, *, port: str, has_ended: bool) -> str:
    """Return sentences on a proxy that ended, or that takes too long, from what it wrote until then."""
    if "ddress already in use" in written:
        return f"Port {port} is in use by another program. Leave --port out for a free one."
    lines = [line.strip() for line in written.splitlines() if line.strip() and not line.startswith(_HEADINGS)]
    sentence = "The proxy did not start" + ("" if has_ended else f" within {_START:.0f} seconds")
    if not lines:
        return f"{sentence} and said nothing. {_BY_ITSELF}"
    if has_ended:
        return f"{sentence}: {_PREFIX.sub('', lines[-1])}"
    return "\n  ".join([f"{sentence}. The last that it said:", *lines[-_QUOTED:]])


class Proxy(contextlib.AbstractContextManager["Proxy"]):
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
                preexec_fn=partial(signal.pthread_sigmask, signal.SIG_SETMASK, mask),
            )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the proxy: by itself if nothing has failed, else by a signal."""
        self._near.close()  # without a client to outlive, that alone ends it, once it has started
        by_itself = [] if kind else [lambda: self._wait(_END)]
        for stop in (*by_itself, self._process.terminate, lambda: self._wait(_REPORT), self._process.kill):
            if self.has_ended:
                return
            stop()
        self._process.wait()

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def listening(self) -> dict[str, Any]:
        """Wait until it listens, and return what it reports then; raise Failed or Interrupted."""
        report = self._read(_START, interrupted_by=ENDING)
        if report is None:
            self._wait(_REPORT)
            written = self._log.read_text(errors="replace")
            raise Failed(why_not_started(written, port=self._port, has_ended=self.has_ended))
        return report

    def tell_client(self, pid: int) -> None:
        """Name the client, which the proxy outlives even if this process is killed."""
        self._send({"client": pid})

    def report(self) -> dict[str, Any] | None:
        """Ask for the report, after which it ends; None if it sends none."""
        self._send({"end": True})
        return self._read(_REPORT)

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._near.sendall(json.dumps(message).encode() + b"\n")

    def _read(self, seconds: float, interrupted_by: AbstractSet[int] = frozenset()) -> dict[str, Any] | None:
        """Return its next message, None if it ends before that or takes too long."""
        self._near.settimeout(_STEP)
        end = time.monotonic() + seconds
        while b"\n" not in self._unread and time.monotonic() < end:
            if waiting := signal.sigpending() & interrupted_by:
                raise Interrupted(min(waiting))
            with contextlib.suppress(TimeoutError):
                if not (data := self._near.recv(65536)):
                    return None
                self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] | None = json.loads(line) if line else None
        return message

    def _wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)


def _for_web(given: Sequence[str]) -> list[str]:
    return [*_unless(given, "web_port", "--set", f"web_port={free_port()}"), *_columns(given)]


def _columns(given: Sequence[str]) -> list[str]:
    """Return the columns of mitmweb's list in which a turn's verdict is seen."""
    return _unless(given, "web_columns", *(word for name in _COLUMNS for word in ("--set", f"web_columns={name}")))


def _host(given: Sequence[str]) -> list[str]:
    return _unless(given, "listen_host", "--listen-host", LOOPBACK)


def _unless(given: Sequence[str], option: str, *words: str) -> list[str]:
    """Return the words, or none if the user has given the option in whatever spelling."""
    return [] if option in " ".join(given).replace("-", "_") else [*words]
