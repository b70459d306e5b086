"""The command line: the launcher's own options, mitmproxy's, and after `--` the command to run."""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from toolkit.budget import Prices, add_options
from toolkit.program import called

PROGRAM = called("run")

_PROGRAMS = {"none": "mitmdump", "web": "mitmweb", "console": "mitmproxy"}
"""The program of mitmproxy for each value of `--ui`."""

_OF_MITMPROXY = ("", "-", "~", "!", "(")
"""How an option of mitmproxy's begins, or a filter expression."""

_USAGE = """%(prog)s [--ui web] [--port N] [--quiet] [--fail-over 20%%] [mitmdump's own options] -- COMMAND [ARGUMENTS]
       %(prog)s [mitmdump | mitmproxy | mitmweb] [--port N] [its own options]"""
_DESCRIPTION = """
With a command: runs it behind a proxy of its own with the addon, ends the proxy with it, and says what its turns came
to. Without one: runs the proxy with the addon by itself, on 127.0.0.1:8080, until Ctrl-C.
"""
_EPILOG = f"""
All other options go to mitmdump, such as --set codex_mode=observe or -w FILE. They are shown by
{PROGRAM} mitmdump --help, and the addon's settings by {PROGRAM} --options.

examples:
  {PROGRAM} -- codex
  {PROGRAM} --ui web -- opencode
  {PROGRAM} --set codex_mode=observe -w session.mitm -- python my_agent.py
  {PROGRAM} --port 8081
  {PROGRAM} mitmweb
"""


class Failed(Exception):
    """What was asked for cannot be done; the text says why, and `status` is the exit status.

    That is 125 where the launcher itself fails, as with env, timeout and docker.
    """

    def __init__(self, sentence: str, status: int = 125) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What is asked for. Without a command, the proxy runs by itself; `passed_on` are mitmproxy's options as given."""

    command: tuple[str, ...] = ()
    program: str = "mitmdump"
    passed_on: tuple[str, ...] = ()
    port: int | None = None
    quiet: bool = False
    fail_over: float | None = None
    price: Prices | None = None

    @property
    def has_mode(self) -> bool:
        """Whether the user has said in which mode the proxy runs."""
        return any(word in ("-m", "--mode") or word.startswith(("--mode=", "mode=")) for word in self.passed_on)


def parse(words: Sequence[str]) -> Arguments:
    """Return what the words ask for. Prints the help and exits if asked to; raises Failed."""
    words = _with_dashes(words)
    end = words.index("--") if "--" in words else len(words)
    own, command = list(words[:end]), tuple(words[end + 1 :])
    ui = next((ui for ui, program in _PROGRAMS.items() if own[:1] == [program]), None)
    if ui:
        own[:1] = ["--ui", ui]
    is_help_mitmproxys = ui is not None and end == len(words)
    known, passed_on = _parser(add_help=not is_help_mitmproxys).parse_known_args(own)
    if end < len(words) and not command:
        raise Failed(f"After -- goes the command to run; {PROGRAM} --help shows how.")
    if not command and (meant := _command_in(passed_on)):
        raise Failed(f"If {meant} is the command to run, -- goes before it: {PROGRAM} [OPTIONS] -- {meant} ...")
    if command and known.ui == "console":
        raise Failed("mitmproxy's console needs the terminal, which belongs to the command: take --ui web.")
    program = _PROGRAMS[known.ui]
    if not command and (known.fail_over, known.price) != (None, None):
        raise Failed("--fail-over and --price are for a command, behind --, whose turns are added up.")
    return Arguments(command=command, program=program, passed_on=tuple(passed_on), **_own(known))


def _with_dashes(words: Sequence[str]) -> list[str]:
    """Return the words with `--` before a command that stands first; it may be left out there."""
    is_command = (
        bool(words) and words[0] not in _PROGRAMS.values() and words[0][:1] not in _OF_MITMPROXY and "--" not in words
    )
    return ["--", *words] if is_command else [*words]


def _command_in(passed_on: Sequence[str]) -> str | None:
    """Return the program that stands among mitmproxy's options, where it would be taken for a filter."""
    words = zip(("", *passed_on), passed_on, strict=False)
    values = (word for before, word in words if not before.startswith("-") and not word.startswith("-"))
    return next((word for word in values if shutil.which(word)), None)


def _own(known: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(known, name) for name in ("port", "quiet", "fail_over", "price")}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Failed(f"{message}; {PROGRAM} --help shows what there is.")


def _parser(*, add_help: bool) -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        usage=_USAGE,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=add_help,
    )
    add = parser.add_argument
    add("--ui", choices=_PROGRAMS, default="none", help="web: mitmweb, as a page next to the command")
    port = "the proxy's port (a free one with a command, 8080 without)"
    add("--port", "-p", "--listen-port", type=_port, metavar="N", help=port)
    add("--quiet", "-q", action="store_true", help="with a command, print nothing before and after its own output")
    add_options(parser)
    return parser


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) < 65536):
        raise argparse.ArgumentTypeError(f"{value!r} is not a number up to 65535")
    return int(value)
