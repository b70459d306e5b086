"""Where findings go in mitmproxy: a line on mitmdump's terminal, a mark and a comment on the flow, the journal.

The terminal is quiet under `-q`. What a flow carries in its metadata are plain values, or mitmproxy could not save it.
"""

import contextlib
import functools
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import cast

from mitmproxy import ctx, flow, hooks, http
from mitmproxy.utils import vt_codes

from ..causes.finding import Finding
from ..wire.document import Object
from ..words.fingerprint import Fingerprints
from ..words.journal import Entries, line_of
from ..words.line import turn_line
from ..words.portrait import portrait
from ..words.summary import Summary
from .core import Core
from .journalfile import append
from .secret import fresh_secret, load_secret

logger = logging.getLogger(__name__)

PORTRAITS = "codex"
"""Key in `flow.metadata`: a list with the portrait of each of the flow's turns, the latest ones last."""

MOST = 500
"""Portraits that one flow carries, about 1 kB each."""

_MARKERS = {"hit": ":white_check_mark:", "cold": ":snowflake:", "below_minimum": ":small_blue_diamond:"}
_MISS_MARKER, _OTHER_MARKER = ":warning:", ":x:"


class Telling:
    """Tells of each finding wherever people look."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.fingerprints = Fingerprints(fresh_secret())
        self._entries = Entries(self.fingerprints, secrets.token_hex(8))
        self._journal_fails = False
        self._told: tuple[Finding, Object, bytes] | None = None
        self._is_shown = self._is_listed = False
        self.summary = Summary()
        core.desk.listeners.append(self.tell)

    def configure(self, updated: AbstractSet[str]) -> None:
        """Find out where people look: at mitmdump's terminal, unless it is to be quiet, or at a list of flows."""
        addons, options = ctx.master.addons, ctx.options
        self._is_shown = addons.get("dumper") is not None and getattr(options, "termlog_verbosity", "") != "error"
        self._is_listed = addons.get("view") is not None

    def running(self) -> None:
        try:
            self.fingerprints = Fingerprints(load_secret(Path(_file(ctx.options.confdir))))
        except OSError as error:
            logger.warning(f"Fingerprints of this start cannot be compared with others: {error.strerror}.")
        self._entries = Entries(self.fingerprints, secrets.token_hex(8))

    def done(self) -> None:
        if self.summary.turns and self._is_shown:
            _print("\n".join(["", *self.summary.lines()]))

    def entry(self, finding: Finding) -> Object:
        """Return what the journal says of a turn; several listeners ask for the same one."""
        return self._tell_once(finding)[1]

    def line(self, finding: Finding) -> bytes:
        """Return the journal's line of a turn."""
        return self._tell_once(finding)[2]

    def _tell_once(self, finding: Finding) -> tuple[Finding, Object, bytes]:
        if self._told is None or self._told[0] is not finding:
            entry = self._entries.entry(finding)
            self._told = finding, entry, line_of(entry)
        return self._told

    def tell(self, finding: Finding) -> None:
        """Tell of one turn."""
        if path := self._core.settings.journal:
            self._write(_file(path), self.line(finding))
        if self._core.onlookers.present:
            self._mark(finding, self.entry(finding))
        self.summary.add(finding)
        if self._is_shown:
            _print(turn_line(finding, colour=vt_codes.ensure_supported(sys.stdout)))

    def portray(self, finding: Finding) -> Object:
        """Return the portrait of a turn."""
        return portrait(finding, self.entry(finding), self.fingerprints)

    def _write(self, path: str, line: bytes) -> None:
        """Append to the journal; where that fails, say so once until it works again."""
        try:
            append(path, line)
        except OSError as error:
            if not self._journal_fails:
                logger.warning(
                    f"The journal cannot be written ({error.strerror}: {path}); turns go on, unrecorded, until it can."
                )
            self._journal_fails = True
        else:
            self._journal_fails = False

    def _mark(self, finding: Finding, entry: Object) -> None:
        """Put the portrait, a mark and a comment on the flow."""
        if (marked := self._core.flows.get(finding.record.flow)) is None:
            return
        drawn = portrait(finding, entry, self.fingerprints)
        relabel(marked, [*portraits(marked), drawn][-MOST:])
        if self._is_listed:
            ctx.master.addons.trigger(hooks.UpdateHook(cast(Sequence[flow.Flow], [marked])))


def _print(text: str) -> None:
    with contextlib.suppress(OSError):  # a closed pipe is no reason to stop
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@functools.lru_cache(maxsize=16)
def _file(path: str) -> str:
    return os.path.expanduser(path)  # pathlib's raises a RuntimeError for a user that does not exist


def portraits(marked: http.HTTPFlow) -> list[Object]:
    """Return the portraits of a flow's turns."""
    known = marked.metadata.get(PORTRAITS)
    return [turn for turn in known if isinstance(turn, dict)] if isinstance(known, list | tuple) else []


def relabel(marked: http.HTTPFlow, known: list[Object]) -> None:
    """Give a flow these portraits, and the mark and comment that go with them; those of the user's own stay."""
    (comment, marker), (old_comment, old_marker) = _label(marked, known), _label(marked, portraits(marked))
    marked.metadata[PORTRAITS] = known
    if marked.comment in ("", old_comment):
        marked.comment = comment
    if marked.marked in ("", old_marker):
        marked.marked = marker


def _label(marked: http.HTTPFlow, known: list[Object]) -> tuple[str, str]:
    """Return what the list shows of a flow, and its mark: its turn, or how many of its turns missed, and the last miss.

    Each turn of a request is the same one, tried again.
    """
    shown = known if marked.websocket else known[-1:]
    if not shown:
        return "", ""
    misses = [turn for turn in shown if turn.get("is_miss")]
    told = (misses or shown)[-1]
    said = f"{'miss: ' if misses else ''}{told.get('verdict')}: {told.get('because')}"
    marker = _MISS_MARKER if misses else _MARKERS.get(str(told.get("verdict")), _OTHER_MARKER)
    if len(shown) == 1:
        return said, marker
    turns = f"{'the latest ' if len(shown) == MOST else ''}{len(shown)} turns"
    return f"{turns}, {len(misses)} missed; {said}", marker
