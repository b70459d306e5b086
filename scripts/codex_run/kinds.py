"""What a command is, as far as it decides how the command finds proxies and CAs."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

type Kind = Literal["codex", "pi", "node", "bun", "python", "other"]

_BY_NAME: dict[str, Kind] = {
    "codex": "codex",
    "pi": "pi",
    "node": "node",
    "npm": "node",
    "npx": "node",
    "bun": "bun",
    "bunx": "bun",
    "opencode": "bun",
    "uv": "python",
    "uvx": "python",
}
_BY_FIRST_LINE: tuple[tuple[bytes, Kind], ...] = ((b"node", "node"), (b"bun", "bun"), (b"python", "python"))


def kind_of(command: Sequence[str]) -> Kind:
    """Return the kind of a command, by its name, else by the program that runs its file."""
    name = Path(command[0]).name
    if name.startswith("python"):
        return "python"
    return _BY_NAME.get(name) or _by_first_line(shutil.which(command[0]))


def _by_first_line(file: str | None) -> Kind:
    if file is None:
        return "other"
    try:
        with open(file, "rb") as opened:
            line = opened.readline(200)
    except OSError:
        return "other"
    interpreters = (kind for word, kind in _BY_FIRST_LINE if line.startswith(b"#!") and word in line)
    return next(interpreters, "other")
