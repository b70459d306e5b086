"""The commands, for mitmproxy's console and, by HTTP, for mitmweb: `codex.why`, `codex.diff` and so on.

What only a command needs is imported when that is called: most proxies end without one, and all of them start.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mitmproxy import addonmanager, command, ctx, exceptions, flow, http, types, version
from mitmproxy.log import ALERT

from .. import __version__
from ..body.json_splice import Object
from ..hooks import config_checks
from ..hooks.notify import Notifier, turn_summaries
from ..hooks.state import State
from ..hooks.store import StateStore
from ..options import OPTIONS
from ..output.terminal import changed_options, status_page
from ..state.store import StoreError
from ..text import counted, with_symbols
from .hold import Hold
from .lookup import Missing
from .redact import export
from .view import CacheView, popup_width, readable, turns_of

if TYPE_CHECKING:
    from ..output.tables import Table
    from ..report.aggregate import ReportData

logger = logging.getLogger(__name__)

_LONGEST = 400
"""Characters of a comment that are said; it may come out of a file that anyone could have written."""

type FlowTurn = tuple[http.HTTPFlow, Object]
"""A flow and the summary of one of its turns."""


class Commands:
    """What the user can ask for."""

    def __init__(self, state: State, notifier: Notifier, hold: Hold, view: CacheView, store: StateStore) -> None:
        self._state, self._notifier, self._hold, self._view, self._store = state, notifier, hold, view, store

    def load(self, loader: addonmanager.Loader) -> None:
        loader.master.commands.collect_commands(self)

    @command.command("codex.why")
    def why(self, flow: flow.Flow) -> str:
        """Say why the turns of a flow were or were not read from the prompt cache."""
        return self._view.pages(_with_turns(flow), readable(popup_width()))

    @command.command("codex.diff")
    def diff(self, was: flow.Flow, now: flow.Flow) -> str:
        """Compare the latest turns of two flows, as if the first were the predecessor of the second."""
        one, other = _with_turns(was), _with_turns(now)
        return self._compared((one, turns_of(one)[-1]), (other, turns_of(other)[-1]))

    @command.command("codex.diff.turns")
    def diff_turns(self, was: int, now: int) -> str:
        """Compare two turns by their numbers, as if the first were the predecessor of the second."""
        return self._compared(self._turn(was), self._turn(now))

    @command.command("codex.turns")
    def turns(self) -> types.Data:
        """List all turns, in the order of time."""
        from ..output.tables import turns_table

        return _filled(turns_table(turn for each in self._flows() for turn in turn_summaries(each)))

    @command.command("codex.conversations")
    def conversations(self) -> types.Data:
        """List all conversations: turns, misses, tokens, and what was re-sent."""
        from ..output.tables import conversations_table

        return _filled(conversations_table(turn for each in self._flows() for turn in turn_summaries(each)))

    @command.command("codex.nextmiss")
    def nextmiss(self) -> None:
        """Move the focus to the next flow with a miss, wrapping around at the end."""
        if (view := ctx.master.addons.get("view")) is None:
            raise exceptions.CommandError("There is no list of flows here.")
        shown = list(view)
        start = view.focus.index + 1 if view.focus.index is not None else 0
        missed = next((each for each in [*shown[start:], *shown[:start]] if _has_miss(each)), None)
        if missed is None:
            raise exceptions.CommandError("There is no miss in the list.")
        view.focus.flow = missed
        logger.log(ALERT, with_symbols(missed.comment[:_LONGEST]))

    @command.command("codex.status")
    def status(self) -> str:
        """Show how the addon is set, what it has seen and learned, and what is wrong."""
        settings = self._state.settings
        rows = {
            "mode": [settings.mode],
            "hosts": settings.hosts,
            "options": changed_options({name: getattr(ctx.options, name) for name in OPTIONS}) or ["all as by default"],
            "seen": self._notifier.summary.lines(),
            "learned": [*self._state.continuity.rejected_params, *self._state.learned.lines()] or ["nothing"],
            "state": [self._store.status()],
            "held now": [str(self._hold.count)],
            "faults": self._state.errors.lines(),
            "warnings": config_checks.warnings(ctx.options, settings),
        }
        headline = f"Codex Continuity {__version__} in mitmproxy {version.VERSION}"
        return status_page(headline, rows, readable(popup_width()))

    @command.command("codex.forget")
    def forget(self) -> str:
        """Empty the store of codex_state: conversations that this proxy does not remember begin with new keys."""
        try:
            self._store.forget()
        except StoreError as error:
            raise exceptions.CommandError(f"The store was not emptied: {error}.") from None
        return "The store is empty. What this proxy itself remembers is lost when it ends."

    @command.command("codex.export")
    def export(self, flows: Sequence[flow.Flow], path: types.Path) -> str:
        """Write copies of flows to a file, without credentials in their header fields."""
        target = Path(path).expanduser()
        try:
            count = export(flows, target)
        except OSError as error:
            raise _unwritable(target, error) from None
        return (
            f"Wrote {count} {'flow' if count == 1 else 'flows'} to {target}, without credentials in header fields. "
            "Bodies are as they were: they still hold the prompts, the answers and the client's own ids."
        )

    @command.command("codex.report")
    def report(self, path: types.Path) -> None:
        """Write a page to a file that shows this session's turns, what they read from the prompt cache, and why."""
        from ..report.page import render, save

        if not (lines := self._notifier.recent.lines):
            raise exceptions.CommandError("There is no turn to report on yet.")
        target = Path(path).expanduser()
        try:
            save(target, render(self._report_data(), "this session"))
        except OSError as error:
            raise _unwritable(target, error) from None
        logger.log(ALERT, f"A report on {counted(len(lines), 'turn')} is in {target}.")

    def _report_data(self) -> "ReportData":
        from ..report.aggregate import ReportData

        report_data, recent = ReportData(), self._notifier.recent
        report_data.add_lines(recent.lines)
        if lost := recent.count - len(recent.lines):
            report_data.notes.append(
                f"{counted(lost, 'earlier turn')} of this session {'is' if lost == 1 else 'are'} not kept any more; "
                "codex_journal keeps all."
            )
        return report_data

    def _turn(self, number: int) -> FlowTurn:
        turns = [(each, turn) for each in self._flows() for turn in turns_of(each) if turn.get("turn") == number]
        if not turns:
            raise exceptions.CommandError(f"There is no turn {number} here; codex.turns lists them.")
        return turns[-1]

    def _compared(self, was: FlowTurn, now: FlowTurn) -> str:
        from ..output.compare import compare

        try:
            prompts = [self._view.lookup.prompt(*turn) for turn in (was, now)]
        except Missing as reason:
            raise exceptions.CommandError(f"There is nothing to compare: {reason}") from None
        return compare(prompts[0], was[1], prompts[1], now[1], readable(popup_width()))

    def _flows(self) -> Iterator[http.HTTPFlow]:
        """Yield all flows with turns, those that a filter hides included."""
        view = ctx.master.addons.get("view")
        flows = view.resolve("@all") if view else list(self._state.flows.values())
        return (each for each in flows if isinstance(each, http.HTTPFlow) and turns_of(each))


def _with_turns(asked: flow.Flow) -> http.HTTPFlow:
    if not isinstance(asked, http.HTTPFlow) or not turns_of(asked):
        raise exceptions.CommandError("This flow has no turn of the Codex backend, or none that has finished.")
    return asked


def _unwritable(target: Path, error: OSError) -> exceptions.CommandError:
    return exceptions.CommandError(f"{target} cannot be written: {error.strerror}.")


def _has_miss(asked: flow.Flow) -> bool:
    return isinstance(asked, http.HTTPFlow) and any(turn.get("is_miss") for turn in turn_summaries(asked))


def _filled(table: "Table") -> types.Data:
    """Return a table that has rows; the console, which gives all columns one width, gets it aligned."""
    from ..output.tables import aligned

    if len(table) == 1:
        raise exceptions.CommandError("No turn has finished yet.")
    return cast(types.Data, aligned(table, popup_width()) if ctx.master.addons.get("consoleaddon") else table)
