"""What a command is, as far as it decides how the command finds proxies and CAs, and what is particular to Codex.

Newer versions of Codex leave the work to a background server that all terminals share. One that already runs knows
nothing of the proxy, and one that is started now would keep a proxy that is gone. 0.169.0 has `--no-daemon` against it.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import Literal

type Kind = Literal["codex", "pi", "node", "bun", "python", "other"]

_BY_NAME: dict[str, Kind] = {
    "codex": "codex",
    "pi": "pi",
    **dict.fromkeys(("node", "npm", "npx"), "node"),
    **dict.fromkeys(("bun", "bunx", "opencode"), "bun"),
    **dict.fromkeys(("uv", "uvx"), "python"),
}
_BY_FIRST_LINE: tuple[tuple[bytes, Kind], ...] = ((b"node", "node"), (b"bun", "bun"), (b"python", "python"))

_NO_DAEMON = "--no-daemon"
_HELP_TIMEOUT = 10  # seconds


def kind_of(command: Sequence[str]) -> Kind:
    """Return the kind of a command, by its name, else by the program that runs its file."""
    name, line = Path(command[0]).name, b""
    if name.startswith("python"):
        return "python"
    if kind := _BY_NAME.get(name):
        return kind
    with suppress(OSError), open(shutil.which(command[0]) or os.devnull, "rb") as opened:
        line = opened.readline(200)
    return next((kind for word, kind in _BY_FIRST_LINE if line.startswith(b"#!") and word in line), "other")


def without_daemon(command: Sequence[str]) -> tuple[str, ...]:
    """Return the command so that it does its own work, if it is a Codex that has an option for it."""
    given = {_NO_DAEMON, "--remote"} & {word.partition("=")[0] for word in command}
    if kind_of(command) != "codex" or given or _NO_DAEMON not in _help_of(command[0]):
        return tuple(command)
    return (command[0], _NO_DAEMON, *command[1:])


def has_background_server(user: Mapping[str, str]) -> bool:
    """Return whether a background server could have done a Codex client's work."""
    home = Path(user.get("CODEX_HOME") or Path(user.get("HOME", "~")).expanduser() / ".codex")
    return (home / "app-server-control" / "app-server-control.sock").exists()


def _help_of(program: str) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        command = [program, "--help"]
        output = subprocess.check_output(command, stdin=DEVNULL, stderr=DEVNULL, timeout=_HELP_TIMEOUT)
        return os.fsdecode(output)
    return ""
