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
from ..hooks.kept_bodies import WHY_DROPPED, KeptBodies, is_dropped
from ..hooks.notify import Notifier, turn_summaries
from ..hooks.state import State
from ..hooks.store import StateStore
from ..options import OPTIONS
from ..output.terminal import changed_options, status_page
from ..state.store import StoreError
from ..text import counted, with_symbols, wrapped
from .hold import HELD, Hold
from .lookup import Missing
from .redact import export
from .view import CacheView, popup_width, readable, told_turn, turns_of

if TYPE_CHECKING:
    from ..output.tables import Table
    from ..repair.memory import Conversation
    from ..report.aggregate import ReportData

logger = logging.getLogger(__name__)

_LONGEST = 400
"""Characters of a reason that are said; it may come out of a file that anyone could have written."""

_FOCUSED = cast(flow.Flow, None)
"""Stands for the focused flow: a command's arguments can have defaults, but mitmproxy knows no optional types."""

_REPORT = types.Path("codex-cache-report.html")

type FlowTurn = tuple[http.HTTPFlow, Object]
"""A flow and the summary of one of its turns."""


class Commands:
    """What the user can ask for."""

    def __init__(
        self, state: State, notifier: Notifier, hold: Hold, view: CacheView, store: StateStore, kept: KeptBodies
    ) -> None:
        self._state, self._notifier, self._hold, self._view, self._store = state, notifier, hold, view, store
        self._kept = kept

    def load(self, loader: addonmanager.Loader) -> None:
        loader.master.commands.collect_commands(self)

    @command.command("codex.why")
    def why(self, flow: flow.Flow = _FOCUSED) -> str:
        """Say why the turns of a flow, by default the focused one, were or were not read from the prompt cache."""
        return self._view.pages(_with_turns(flow or self._focused()), readable(popup_width()))

    @command.command("codex.diff")
    def diff(self, was: flow.Flow, now: flow.Flow) -> str:
        """Compare the latest turns of two flows, as if the first were the predecessor of the second."""
        return self._compared(_latest_turn(_with_turns(was)), _latest_turn(_with_turns(now)))

    @command.command("codex.diff.turns")
    def diff_turns(self, was: int = 0, now: int = 0) -> str:
        """Compare two turns by number, as if the first were the second's predecessor.

        One number stands for that turn and its predecessor, none for the focused turn and its predecessor.
        """
        if now:
            return self._compared(self._turn(was), self._turn(now))
        turn = self._turn(was) if was else _told_turn(_with_turns(self._focused()))
        return self._compared(self._predecessor(turn), turn)

    @command.command("codex.turns")
    def turns(self) -> types.Data:
        """List all turns, in the order of time."""
        from ..output.tables import turns_table

        return _filled(turns_table(turn for each in self._flows() for turn in turn_summaries(each)))

    @command.command("codex.conversations")
    def conversations(self) -> types.Data:
        """List all conversations: turns, misses, tokens, what was re-sent, client, length of the first words."""
        from ..output.tables import conversations_table

        table = conversations_table(turn for each in self._flows() for turn in turn_summaries(each))
        return _filled(table, hint=f"To list the turns of one: q, f and ~meta {table[-1][0]}")

    @command.command("codex.nextmiss")
    def nextmiss(self) -> None:
        """Move the focus to the next flow with a miss or a held turn, wrapping around at the end."""
        if (view := ctx.master.addons.get("view")) is None:
            raise exceptions.CommandError("There is no list of flows here.")
        missed = [index for index, each in enumerate(view) if _has_miss(each)]
        if not missed:
            raise exceptions.CommandError("There is no miss in the list.")
        here = -1 if view.focus.index is None else view.focus.index
        found = next((index for index in missed if index > here), missed[0])
        view.focus.flow = view[found]
        turn = told_turn(view[found])
        from ..output.turn_page import title

        reason = f"{title(turn)}: {turn.get('because')}".removeprefix("miss: ")
        which = f" ({missed.index(found) + 1} of {len(missed)})"
        logger.log(ALERT, with_symbols(reason[:_LONGEST] + which))

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
            "bodies": [self._kept.status()],
            "held now": [str(self._hold.count)],
            "faults": self._state.errors.lines(),
            "warnings": config_checks.warnings(ctx.options, settings),
        }
        headline = f"Codex Continuity {__version__} in mitmproxy {version.VERSION}"
        return status_page(headline, rows, readable(popup_width()))

    @command.command("codex.repairs")
    def repairs(self) -> types.Data:
        """List the conversations of which codex_repair holds what they sent, what that saved, and what has ended."""
        from ..output.tables import aligned, repairs_table

        table = repairs_table(self._held(), self._state.settings.repair)
        if len(table) == 1:
            why = "no turn has been held yet" if self._state.settings.repair else "codex_repair is not set"
            raise exceptions.CommandError(f"Nothing is held for repairs: {why}.")
        return cast(types.Data, aligned(table, popup_width()) if ctx.master.addons.get("consoleaddon") else table)

    @command.command("codex.release")
    def release(self, conversation: str) -> str:
        """End the repairs of one conversation, as codex.repairs lists it: its turns leave as the client sends them."""
        if not (held := [each for name, each in self._held() if name == conversation]):
            raise exceptions.CommandError(f"There is no conversation {conversation[:_LONGEST]!r} in codex.repairs.")
        for each in held:
            self._state.repairs.release(each)
        return _said(f"Conversation {conversation} is repaired no longer: its turns leave as the client sends them.")

    def _held(self) -> list[tuple[str, "Conversation"]]:
        """Return the conversations that are held for repairs, each with its name in the journal.

        A name comes several times where repair began again in the conversation, as behind a turn that is not held.
        """
        of, entries = self._notifier.pseudonyms.of, self._notifier.entries
        held = [(entries.conversation_of(each.run, each.number), each) for each in self._state.repairs.memory]
        names = [(of("conversation", conversation), each) for conversation, each in held]
        return [(name, each) for name, each in names if name]

    @command.command("codex.forget")
    def forget(self) -> str:
        """Empty the store of codex_state: conversations that this proxy does not remember begin with new keys."""
        try:
            self._store.forget()
        except StoreError as error:
            raise exceptions.CommandError(f"The store was not emptied: {error}.") from None
        return _said("The store is empty. What this proxy itself remembers is lost when it ends.")

    @command.command("codex.export")
    def export(self, flows: Sequence[flow.Flow], path: types.Path) -> str:
        """Write copies of flows to a file, without credentials in their header fields."""
        target = Path(path).expanduser()
        try:
            count = export(flows, target)
        except OSError as error:
            raise _unwritable(target, error) from None
        gone = sum(isinstance(each, http.HTTPFlow) and is_dropped(each) for each in flows)
        return _said(
            f"Wrote {counted(count, 'flow')} to {target}, without credentials in header fields. "
            "Bodies are as they were: they still hold the prompts, the answers and the client's own ids."
            + (f" Those of {counted(gone, 'flow')} had been dropped: {WHY_DROPPED}." if gone else "")
        )

    @command.command("codex.report")
    def report(self, path: types.Path = _REPORT) -> str:
        """Write a page that shows this session's turns, what they read from the prompt cache, and why.

        By default it is codex-cache-report.html in the folder in which mitmproxy was started.
        """
        from ..report.page import render, save

        if not self._notifier.recent.lines:
            raise exceptions.CommandError("There is no turn to report on yet.")
        target, report_data = Path(path).expanduser().absolute(), self._report_data()
        try:
            save(target, render(report_data, "this session"))
        except OSError as error:
            raise _unwritable(target, error) from None
        return _said(f"A report on {counted(report_data.turns, 'turn')} is in {target}.")

    def _report_data(self) -> "ReportData":
        from ..report.aggregate import ReportData

        report_data, recent = ReportData(), self._notifier.recent
        report_data.add_lines(recent.lines)
        if lost := recent.count - report_data.turns:
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

    def _focused(self) -> flow.Flow:
        """Return the flow that the console has in focus, elsewhere the latest one with a turn."""
        view = ctx.master.addons.get("view")
        is_shown = view is not None and ctx.master.addons.get("consoleaddon")
        latest = max(self._flows(), key=lambda each: each.timestamp_start, default=None)
        focused = view.focus.flow if is_shown else latest
        if focused is None:
            raise exceptions.CommandError("No turn has finished yet.")
        return cast(flow.Flow, focused)

    def _predecessor(self, turn: FlowTurn) -> FlowTurn:
        try:
            return self._view.lookup.predecessor(turn[1])
        except Missing as reason:
            raise exceptions.CommandError(f"There is nothing to compare: {reason}") from None

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
        flows = view.resolve("@all") if view is not None else list(self._state.flows.values())
        return (each for each in flows if isinstance(each, http.HTTPFlow) and turns_of(each))


def _with_turns(asked: flow.Flow) -> http.HTTPFlow:
    if not isinstance(asked, http.HTTPFlow) or not turns_of(asked):
        raise exceptions.CommandError("This flow has no turn of the Codex backend, or none that has finished.")
    return asked


def _said(text: str) -> str:
    """Return what a command says; the console breaks long lines anywhere, so they are broken between words before."""
    has_console = ctx.master.addons.get("consoleaddon")
    return "\n".join(wrapped(text, readable(popup_width()))) if has_console else text


def _latest_turn(each: http.HTTPFlow) -> FlowTurn:
    return each, turns_of(each)[-1]


def _told_turn(each: http.HTTPFlow) -> FlowTurn:
    return each, told_turn(each)


def _unwritable(target: Path, error: OSError) -> exceptions.CommandError:
    return exceptions.CommandError(f"{target} cannot be written: {error.strerror}.")


def _has_miss(asked: flow.Flow) -> bool:
    if not isinstance(asked, http.HTTPFlow) or not turns_of(asked):
        return False
    return HELD in asked.metadata or told_turn(asked).get("is_miss") is True


def _filled(table: "Table", hint: str = "") -> types.Data:
    """Return a table that has rows; the console, which gives all columns one width, gets it aligned, with a hint."""
    from ..output.tables import aligned

    if len(table) == 1:
        raise exceptions.CommandError("No turn has finished yet.")
    if ctx.master.addons.get("consoleaddon") is None:
        return cast(types.Data, table)
    return cast(types.Data, [*aligned(table, popup_width()), *([[" "], [hint]] if hint else [])])
