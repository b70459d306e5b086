"""What is said where flows are listed, so that no command need be known: at the start, of the first miss, of a hold.

The console shows an alert for five seconds and keeps it in its event log (`E`). At 80 columns it shows 58 characters,
and of a longer one no more than 39 (mitmproxy 12.2, `statusbar.py`); the rest is a time and a note.
"""

import asyncio
import logging

from mitmproxy import ctx
from mitmproxy.log import ALERT

from ..hooks.notify import FinishedTurn
from .keys import NEXT_MISS, WHY, has_keys, key_of

logger = logging.getLogger(__name__)

_RELEASES = (("flow.resume @focus", "resumes"), ("console.edit.focus ", "edits"), ("flow.kill @focus", "kills"))
"""mitmproxy's commands for a flow that is held, as its keys run them, and what they do."""

_VIEW = 'the comment says why, and the view "Codex cache" of its request or response'


class Alerts:
    """Says what the mark of a miss means, once at the start and once at the first miss."""

    def __init__(self) -> None:
        self._has_missed = False

    def running(self) -> None:
        """Say it where there is a list of flows, once the keys are bound."""
        if ctx.master.addons.get("view") is not None:
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        how = _pressing((WHY, "says why"), (NEXT_MISS, "finds the next")) if has_keys() else _VIEW
        logger.log(ALERT, f"⚠ marks a miss of the cache: {how}")

    def turn_marked(self, turn: FinishedTurn, _flow: object) -> None:
        """Say it of the first turn that missed."""
        if turn.diagnosis.verdict.is_miss and not self._has_missed:
            self._has_missed = True
            how = _pressing((NEXT_MISS, "goes there"), (WHY, "says why")) if has_keys() else _VIEW
            logger.log(ALERT, f"Turn {turn.diagnosis.record.number} missed the cache: {how}")


def turn_held() -> None:
    """Say that a turn is held, and how it is released."""
    going = f"{_pressing((NEXT_MISS, 'goes there'))}; " if has_keys() else ""
    logger.log(ALERT, f"Turn held: {going}{releasing()}")


def releasing() -> str:
    """Return what resumes, edits and kills a held turn."""
    if has_keys():
        return f"{_pressing(*_RELEASES)} it"
    return "Resume and Abort are in the menu Flow, and its request can be edited before"


def _pressing(*actions: tuple[str, str]) -> str:
    """Return which key does what; a command that has no key is named in its place."""
    return ", ".join(f"{key_of(command) or f':{command.strip()}'} {does}" for command, does in actions)
