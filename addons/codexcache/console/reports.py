"""The command that writes a report on this session's turns; the page itself is made in `report`."""

import logging
from pathlib import Path

from mitmproxy import addonmanager, command, exceptions, types
from mitmproxy.log import ALERT

from ..hooks.notify import RecentLines
from ..report.load import ReportData
from ..report.page import render, save
from ..text import counted

logger = logging.getLogger(__name__)


class Reports:
    """Makes a report on the turns of this session when asked."""

    def __init__(self, recent: RecentLines) -> None:
        self._recent = recent

    def load(self, loader: addonmanager.Loader) -> None:
        loader.master.commands.collect_commands(self)

    @command.command("codex.report")  # type: ignore[untyped-decorator]
    def report(self, path: types.Path) -> None:
        """Write a page to a file that shows this session's turns, what they read from the prompt cache, and why."""
        if not self._recent.lines:
            raise exceptions.CommandError("There is no turn to report on yet.")
        target = Path(path).expanduser()
        try:
            save(target, render(self._report_data(), "this session"))
        except OSError as error:
            raise exceptions.CommandError(f"{target} cannot be written: {error.strerror}.") from None
        logger.log(ALERT, f"A report on {counted(len(self._recent.lines), 'turn')} is in {target}.")

    def _report_data(self) -> ReportData:
        report_data = ReportData()
        report_data.add_lines(self._recent.lines)
        if lost := self._recent.count - len(self._recent.lines):
            report_data.notes.append(
                f"{counted(lost, 'earlier turn')} of this session {'is' if lost == 1 else 'are'} not kept any more; "
                "codex_journal keeps all."
            )
        return report_data
