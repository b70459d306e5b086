"""The command line: `codex-continuity COMMAND`, and in a checkout `scripts/COMMAND`, on the same code."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

_FOLDER = Path(__file__).parents[1]
"""Where the packages of the commands are, under names of their own; so they hide no one else's."""

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("codex_run", "run a client behind a proxy of its own, or the proxy by itself"),
    "explain": ("codex_explain", "what Codex's own logs say of the turns that missed, without a proxy"),
    "report": ("codex_report", "make a page of journals, captures and HARs"),
    "status": ("codex_status", "one line: what was read from the cache today, and the last miss"),
    "demo": ("codex_demo", "have one conversation without and with the addon, on this machine alone"),
}
"""The commands, each with its package and what it does."""

_ADDON = "addon"
_OTHERS = {_ADDON: 'print the path of the addon, for mitmdump -s "$(codex-continuity addon)"'}
_HELP = ("-h", "--help", "help")
_BAD_USAGE = 2


def main(words: Sequence[str] | None = None) -> int:
    """Carry out a command, this process's by default, and return the exit status."""
    command, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    sys.path[:0] = [str(_FOLDER), *_addons()]
    if command in _COMMANDS:
        status: int = importlib.import_module(f"{_COMMANDS[command][0]}.__main__").main(rest)
        return status
    return _other(command, rest)


def _other(command: str, rest: Sequence[str]) -> int:
    if command == _ADDON:
        return _print_addon(rest)
    if command in _HELP:
        print(_usage())
    elif command in ("-V", "--version"):
        print(f"codex-continuity {metadata.version('codex-continuity')}")
    else:
        print(f"codex-continuity: there is no command {command!r}.\n\n{_usage()}", file=sys.stderr)
        return _BAD_USAGE
    return 0


def _print_addon(rest: Sequence[str]) -> int:
    """Print the addon's path, or what the command is for; it takes no arguments."""
    if not rest:
        print(_addon())
        return 0
    is_help = rest[0] in _HELP
    print(f"usage: codex-continuity {_ADDON}\n\n{_OTHERS[_ADDON]}", file=sys.stdout if is_help else sys.stderr)
    return 0 if is_help else _BAD_USAGE


def _usage() -> str:
    said = {**{name: what for name, (_, what) in _COMMANDS.items()}, **_OTHERS}
    rows = [f"  {name:<8}  {what}" for name, what in said.items()]
    return "\n".join(
        [
            "usage: codex-continuity COMMAND [ARGUMENTS]",
            "",
            *rows,
            "",
            "Each has a help of its own: codex-continuity COMMAND --help. To begin with: codex-continuity run -- codex",
        ]
    )


def _addon() -> Path:
    """Return the path of the addon's file."""
    addon: Path = importlib.import_module("toolkit.program").ADDON
    return addon


def _addons() -> list[str]:
    """Return the folder of the addon's package in a checkout; an installed one is found without."""
    folder = _FOLDER.parent / "addons"
    return [str(folder)] if folder.is_dir() else []
