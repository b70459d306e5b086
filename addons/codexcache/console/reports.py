"""The command that makes a page of this session's turns; the page itself is made in `report`."""

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from mitmproxy import addonmanager, command, exceptions, types
from mitmproxy.log import ALERT

from ..causes.finding import Finding
from ..phrases import counted
from ..proxy.core import Core
from ..report.journals import Gathered
from ..report.page import render, save

logger = logging.getLogger(__name__)

_MOST = 5_000
"""Turns that are kept, some 900 bytes each; a longer session is for a journal."""


class Reports:
    """Keeps the lines that a journal would have of the last `most` turns, to report on them when asked."""

    def __init__(self, core: Core, line: Callable[[Finding], bytes], most: int = _MOST) -> None:
        self._core, self._line = core, line
        self._lines: deque[bytes] = deque(maxlen=most)
        self._turns = 0
        core.desk.listeners.append(self.keep)

    def load(self, loader: addonmanager.Loader) -> None:
        loader.master.commands.collect_commands(self)

    def keep(self, finding: Finding) -> None:
        """Keep a turn's line, where there is anybody who could ask for a report."""
        self._turns += 1
        if self._core.onlookers.present:
            self._lines.append(self._line(finding))

    @command.command("codex.report")  # type: ignore[untyped-decorator]
    def report(self, path: types.Path) -> None:
        """Write a page to a file that shows this session's turns, what they read from the prompt cache, and why."""
        if not self._lines:
            raise exceptions.CommandError("There is no turn to report on yet.")
        target = Path(path).expanduser()
        try:
            save(target, render(self._gathered(), "this session"))
        except OSError as error:
            raise exceptions.CommandError(f"{target} cannot be written: {error.strerror}.") from None
        logger.log(ALERT, f"A report on {counted(len(self._lines), 'turn')} is in {target}.")

    def _gathered(self) -> Gathered:
        gathered = Gathered()
        gathered.add_lines(self._lines)
        if lost := self._turns - len(self._lines):
            gathered.notes.append(
                f"{counted(lost, 'earlier turn')} of this session {'is' if lost == 1 else 'are'} not kept any more; "
                "codex_journal keeps all."
            )
        return gathered
