"""What stands on the command line: the launcher's own options, mitmproxy's, `--`, and the command."""

from collections.abc import Sequence
from dataclasses import dataclass, field

USAGE = "scripts/run [--ui web] [--port N] [--quiet] [mitmdump's own options] -- COMMAND [ARGUMENTS]"

PROGRAMS = {"mitmdump": "none", "mitmweb": "web", "mitmproxy": "console"}
"""The programs of mitmproxy, and what `--ui` calls them."""

_VALUES = {"--ui": "ui", "--port": "port", "-p": "port", "--listen-port": "port"}
_QUIET = ("--quiet", "-q")


class BadUsage(Exception):
    """The command line says what cannot be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What is asked for. `passed_on` are the options for mitmproxy, as they were given."""

    command: tuple[str, ...]
    passed_on: tuple[str, ...] = ()
    web: bool = False
    port: int = 0
    quiet: bool = False

    @property
    def has_mode(self) -> bool:
        """Tell whether the user has said in which mode the proxy runs."""
        return any(word in ("-m", "--mode") or word.startswith(("--mode=", "mode=")) for word in self.passed_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What is asked for where there is no command: a program of mitmproxy, and the options for it."""

    program: str
    passed_on: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    values: dict[str, str] = field(default_factory=dict)
    passed_on: list[str] = field(default_factory=list)
    quiet: bool = False


def parse(words: Sequence[str]) -> Arguments:
    """Return what the words ask for; raise BadUsage with a sentence."""
    if "--" not in words or not (command := words[words.index("--") + 1 :]):
        raise BadUsage(f"After -- goes the command to run: {USAGE}")
    reading = _read(list(words[: words.index("--")]))
    return Arguments(
        command=tuple(command),
        passed_on=tuple(reading.passed_on),
        web=_is_web(reading.values.get("ui", "none")),
        port=_port(reading.values.get("port", "0")),
        quiet=reading.quiet,
    )


def parse_plain(words: Sequence[str]) -> Plain:
    """Return what the words ask for, where there is no command among them; raise BadUsage with a sentence."""
    reading = _read(list(words))
    port = reading.values.get("port")
    return Plain(
        program=_program(reading.values.get("ui", "none")),
        passed_on=(
            *(["--quiet"] if reading.quiet else []),
            *(["--listen-port", str(_port(port))] if port is not None else []),
            *reading.passed_on,
        ),
    )


def _read(words: list[str]) -> _Reading:
    reading = _Reading()
    if words and words[0] in PROGRAMS:
        reading.values["ui"] = PROGRAMS[words.pop(0)]
    while words:
        _take(words, reading)
    return reading


def _take(words: list[str], reading: _Reading) -> None:
    """Take the next option off the words, with its value."""
    name, equals, value = words.pop(0).partition("=")
    if name in _QUIET and not equals:
        reading.quiet = True
    elif name not in _VALUES:
        reading.passed_on.append(name + equals + value)
    elif not equals and not words:
        raise BadUsage(f"{name} takes a value: {USAGE}")
    else:
        reading.values[_VALUES[name]] = value if equals else words.pop(0)


def _is_web(value: str) -> bool:
    if value not in ("web", "none"):
        raise BadUsage(f"--ui is {value!r}, but it takes web or none: the terminal belongs to the command.")
    return value == "web"


def _program(value: str) -> str:
    for program, ui in PROGRAMS.items():
        if value == ui:
            return program
    raise BadUsage(f"--ui is {value!r}, but it takes {', '.join(PROGRAMS.values())}.")


def _port(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) < 65536):
        raise BadUsage(f"--port is {value!r}, but it takes a number up to 65535.")
    return int(value)
