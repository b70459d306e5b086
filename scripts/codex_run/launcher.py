"""Starts the proxy, then the client behind it; ends the proxy with the client, and says what came of it."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codex_setup.ending import die_of

from codex_run import client, codex, environment, farewell, proxy, reasons, signals, terminal, trust, upstream
from codex_run.arguments import Arguments, BadUsage, parse
from codex_run.kinds import kind_of

FAILED = 125
"""The exit status where the launcher itself fails, as with env, timeout and docker."""

_LOST = "run: The proxy has ended, so the command's turns fail from now on. End it and start it again."


def main(words: Sequence[str]) -> int:
    """Run a command behind a proxy of its own and return its exit status; die of the signal that it died of."""
    try:
        arguments = parse(words)
        client.check(arguments.command)
        with _room() as room:
            status = _run(arguments, room, dict(os.environ), signals.block())
        return _end_as(status)
    except (BadUsage, upstream.CannotChain, proxy.NotStarted) as error:
        return _fail(str(error))
    except client.CannotRun as error:
        return _fail(str(error), error.status)
    except OSError as error:
        return _fail(f"{error.filename or 'The launcher'}: {error.strerror}.")
    except proxy.Interrupted as interrupted:
        die_of(interrupted.number)


def _end_as(status: int) -> int:
    """Return the exit status of a client with this wait status.

    One that was asked to end by a signal takes us along, so that a shell script around us sees Ctrl-C and stops too.
    A crash is the client's own.
    """
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in signals.ENDING:
        die_of(os.WTERMSIG(status))
    return client.exit_status(status)


@contextmanager
def _room() -> Iterator[Path]:
    """Make a folder that only this user can read, for as long as it is needed."""
    room = Path(tempfile.mkdtemp(prefix="codex-run-"))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _run(arguments: Arguments, room: Path, user: Mapping[str, str], mask: set[int]) -> int:
    """Run proxy and client, each to its end, and return the client's wait status."""
    through = None if arguments.has_mode else upstream.find_upstream(user)
    bundles = trust.bundles_in(room)
    trust.write_upstream(bundles, user)
    words = proxy.command(arguments, bundles, through)
    with proxy.Proxy(words, proxy.environment(user, through, room), room / "proxy.log", mask) as running:
        command = codex.alone(arguments.command)  # asked while the proxy starts
        said = running.listening()
        if said["address"] is None:
            raise BadUsage("The command needs a proxy: --mode takes regular or upstream here.")
        trust.write_client(bundles, user, Path(said["ca"]))
        if not arguments.quiet:
            _say(_before(said, environment.passes_by(user)))
        given = environment.for_client(user, proxy.url(said["address"]), bundles, kind_of(command))
        status = _run_client(command, given, mask, running)
        if not arguments.quiet:
            _say(_after(running.report(), arguments, user, said["ca"]))
        return status


def _run_client(command: Sequence[str], given: Mapping[str, str], mask: set[int], running: proxy.Proxy) -> int:
    """Run the client to its end and return its wait status."""
    known = terminal.settings()
    pid = client.spawn(command, given, mask)
    running.tell_client(pid)
    status = client.wait(pid, _once_lost(running))
    if os.WIFSIGNALED(status):
        terminal.restore(known)
    return status


def _once_lost(running: proxy.Proxy) -> Callable[[], None]:
    """Return a check that says once that the proxy has ended."""
    told: list[bool] = []

    def check() -> None:
        if running.has_ended and not told:
            told.append(True)
            _say([_LOST])

    return check


def _before(said: Mapping[str, Any], passes_by: str | None) -> list[str]:
    """Return what is worth knowing before the client takes the terminal."""
    past = [f"run: NO_PROXY has {passes_by!r}, which sends the command past the proxy."] if passes_by else []
    page = [f"mitmweb is at {said['page']}"] if said["page"] else []
    return [*said["warnings"], *past, *page]


def _after(report: Mapping[str, Any] | None, arguments: Arguments, user: Mapping[str, str], ca: str) -> list[str]:
    if report is None:
        return ["", *farewell.of_lost_proxy()]
    if report["arrivals"]["turns"]:
        return ["", *farewell.of_turns(report), *report["warnings"]]
    why = reasons.why_no_turn(
        report["arrivals"],
        kind=kind_of(arguments.command),
        user=user,
        ca=ca,
        passes_by=environment.passes_by(user),
        has_background_server=codex.has_background_server(user),
    )
    return ["", *farewell.of_none(why), *report["warnings"]]


def _fail(sentence: str, status: int = FAILED) -> int:
    _say([f"run: {sentence}"])
    return status


def _say(lines: Iterable[str]) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        for line in lines:
            print(line, file=sys.stderr, flush=True)
