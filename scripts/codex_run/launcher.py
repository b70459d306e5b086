"""Starts the proxy, then the client behind it; ends the proxy with the client, and says what came of it."""

import contextlib
import functools
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.budget import OVER_BUDGET, Spent, budget_line, cost_line

from codex_run import client, environment, kinds, proxy, summary
from codex_run.arguments import PROGRAM, Arguments, Failed

_LOST = f"{PROGRAM}: The proxy has ended, so the command's turns fail from now on. End it and start it again."


def main(arguments: Arguments) -> int:
    """Run a command behind a proxy of its own; return its exit status, or die of its signal. Raises Failed."""
    try:
        client.check(arguments.command)
        with tempfile.TemporaryDirectory(prefix="codex-run-", ignore_cleanup_errors=True) as work_dir:
            mask = set(signal.pthread_sigmask(signal.SIG_BLOCK, client.FETCHED))
            status = _run(arguments, Path(work_dir), dict(os.environ), mask)
        if -status in client.ENDING:  # so that a shell script around it sees Ctrl-C and stops; a crash is its own
            client.die_of(-status)
        return status if status >= 0 else 128 - status  # as a shell does
    except OSError as error:
        raise Failed(f"{error.filename or 'The launcher'}: {error.strerror}.") from error
    except proxy.Interrupted as interrupted:
        client.die_of(*interrupted.args)


def _run(arguments: Arguments, work_dir: Path, user: Mapping[str, str], mask: set[int]) -> int:
    """Run proxy and client, each to its end, and return the client's status, negative for a signal."""
    upstream = None if arguments.has_mode else environment.find_upstream(user)
    environment.write_upstream(work_dir, user)
    words = proxy.command(arguments, work_dir, upstream)
    with proxy.Proxy(words, proxy.environment(user, upstream, work_dir), work_dir / "proxy.log", mask) as running:
        command = kinds.without_daemon(arguments.command)  # asked while the proxy starts
        started = running.listening()
        if started["address"] is None:
            raise Failed("The command needs a proxy: --mode takes regular or upstream here.")
        if not (ca := Path(started["ca"])).exists():
            raise Failed(
                f"mitmproxy could not write its CA to {ca.parent}: set HOME, or --set confdir=FOLDER before --."
            )
        environment.write_client(work_dir, user, ca)
        if not arguments.quiet:
            bypass, page = environment.bypass_entry(user), started["page"]
            past = [f"{PROGRAM}: NO_PROXY has {bypass!r}, which sends the command past the proxy."] if bypass else []
            _say([*started["warnings"], *past, *([f"mitmweb is at {page}"] if page else [])])
        own = environment.for_client(user, proxy.url(started["address"]), work_dir, kinds.kind_of(command))
        status = _run_client(command, own, mask, running)
        report = running.report()
        if not arguments.quiet:
            _say(_after(report, arguments, user, started["ca"]))
        return status or _over_budget(report, arguments.fail_over)


def _run_client(command: Sequence[str], own: Mapping[str, str], mask: set[int], running: proxy.Proxy) -> int:
    """Run the client to its end and return its status."""
    say_lost = functools.cache(lambda: _say([_LOST]))
    settings = client.terminal_settings()
    pid = client.spawn(command, own, mask)
    running.tell_client(pid)
    status = client.wait(pid, lambda: running.has_ended and say_lost())
    if status < 0:
        client.restore_terminal(settings)
    return status


def _over_budget(report: Mapping[str, Any] | None, budget: float | None) -> int:
    """Return the exit status where the turns re-sent more than they may, and say so; 0 where they did not."""
    if budget is None:
        return 0
    if report is None:
        raise Failed("--fail-over: the proxy ended before the command did, so nothing is known of its turns.")
    over = budget_line(Spent(**report["amounts"]), budget)
    _say([f"{PROGRAM}: {over}"] if over else [])
    return OVER_BUDGET if over else 0


def _after(report: Mapping[str, Any] | None, arguments: Arguments, user: Mapping[str, str], ca: str) -> list[str]:
    """Return what is worth knowing once the client has ended."""
    if report is None:
        return ["", f"{summary.NAME}: the proxy ended before the command did, so there is no summary."]
    if report["arrivals"]["turns"]:
        cost = [cost_line(Spent(**report["amounts"]), arguments.price)] if arguments.price else []
        return ["", *summary.of_turns(report), *cost, *report["warnings"]]
    why = summary.why_no_turn(
        report["arrivals"],
        kind=kinds.kind_of(arguments.command),
        user=user,
        ca=ca,
        bypass=environment.bypass_entry(user),
        has_background_server=kinds.has_background_server(user),
    )
    return ["", *summary.of_none(why), *report["warnings"]]


def _say(lines: Iterable[str]) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        for line in lines:
            print(line, file=sys.stderr, flush=True)
