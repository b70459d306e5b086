"""What follows on a diagnosis: a line on mitmdump's terminal, a marker and a comment on the flow, the journal.

The journal's entry of a finished turn is built once, when the first listener asks for it. The terminal is quiet under
`-q`. What a flow carries in its metadata are plain values, or mitmproxy could not save it.
"""

import contextlib
import errno
import functools
import logging
import os
import secrets
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import cast

from mitmproxy import ctx, flow, hooks, http
from mitmproxy.utils import vt_codes

from ..body.json_splice import Object
from ..diagnosis.diagnosis import Diagnosis
from ..output.journal import Entries, Pseudonyms, line_of
from ..output.terminal import Summary, turn_line
from ..state.today import DayTotals, Miss, Today
from ..state.vault import SECRET_FILE, SECRET_LENGTH
from ..verdicts import GROUP_OF, MISS_MARKER, UNKNOWN
from .state import State

logger = logging.getLogger(__name__)

TURN_SUMMARIES = "codex"
"""Key in `flow.metadata`: a list with the summary of each of the flow's turns, the latest ones last."""

SUMMARIES_PER_FLOW = 500
"""Summaries that one flow carries, about 1 kB each."""

_RECENT_TURNS = 5_000
"""Turns whose journal lines are kept for `codex.report`, some 900 bytes each; a longer session is for a journal."""


class FinishedTurn:
    """A finished turn as the listeners get it. Entry and line are built when the first of them asks."""

    def __init__(self, diagnosis: Diagnosis, entries: Entries) -> None:
        self.diagnosis = diagnosis
        self._entries = entries

    @functools.cached_property
    def entry(self) -> Object:
        """The journal's entry."""
        return self._entries.entry(self.diagnosis)

    @functools.cached_property
    def line(self) -> bytes:
        """The entry as a line of the journal."""
        return line_of(self.entry)


type Listener = Callable[[FinishedTurn], None]
type MarkedListener = Callable[[FinishedTurn, http.HTTPFlow], None]


class RecentLines:
    """The journal lines of the latest turns of this session, at most `limit`. `count` is the number of all turns."""

    def __init__(self, limit: int = _RECENT_TURNS) -> None:
        self.lines: deque[bytes] = deque(maxlen=limit)
        self.count = 0


class Notifier:
    """Hands each finished turn to journal, flow, terminal and to the given listeners, in this order.

    `on_marked` are called with a turn and its flow, whose marker may have changed, where a list of flows is shown.
    """

    def __init__(
        self, state: State, listeners: Iterable[Listener] = (), on_marked: Iterable[MarkedListener] = ()
    ) -> None:
        self._state = state
        self._listeners = (self._write_journal, self._mark, self._show, *listeners)
        self._on_marked = tuple(on_marked)
        self.pseudonyms = Pseudonyms(fresh_secret())
        self.entries = Entries(self.pseudonyms, self._state.run)
        self._journal_fails = False
        self._has_terminal = self._has_list = False
        self.summary, self._today = Summary(), Today(state.run)
        self.recent = RecentLines()

    def configure(self, updated: AbstractSet[str]) -> None:
        """Find out where people look: at mitmdump's terminal, unless it is to be quiet, or at a list of flows."""
        addons, options = ctx.master.addons, ctx.options
        self._has_terminal = addons.get("dumper") is not None and getattr(options, "termlog_verbosity", "") != "error"
        self._has_list = addons.get("view") is not None

    def running(self) -> None:
        try:
            self.pseudonyms = Pseudonyms(load_secret(Path(_expanded(ctx.options.confdir))))
        except OSError as error:
            logger.warning(f"Pseudonyms of this start cannot be compared with others: {error.strerror}.")
        self.entries = Entries(self.pseudonyms, self._state.run)

    def done(self) -> None:
        if self.summary.turns and self._has_terminal:
            _print("\n".join(["", *self.summary.lines()]))

    def notify(self, diagnosis: Diagnosis) -> None:
        """Hand one finished turn to all listeners; one that fails keeps no other from being called."""
        turn = FinishedTurn(diagnosis, self.entries)
        for listener in self._listeners:
            try:
                listener(turn)
            except Exception as error:
                self._state.errors.note("notifying of a turn", error)

    def summarize(self, diagnosis: Diagnosis) -> Object:
        """Return the summary of a turn that has not finished."""
        from ..output.turn_summary import turn_summary

        return turn_summary(diagnosis, self.entries.entry(diagnosis), self.pseudonyms)

    def _write_journal(self, turn: FinishedTurn) -> None:
        """Append to the journal; where that fails, log it once until it works again."""
        if not (journal := self._state.settings.journal):
            return
        path = _expanded(journal)
        try:
            append(path, turn.line)
        except OSError as error:
            if not self._journal_fails:
                logger.warning(
                    f"The journal cannot be written ({error.strerror}: {path}); turns go on, unrecorded, until it can."
                )
            self._journal_fails = True
        else:
            self._journal_fails = False

    def _mark(self, turn: FinishedTurn) -> None:
        """Put summary, marker and comment on the flow, and keep the line for a report, where somebody could ask."""
        is_handshake = turn.diagnosis.record.endpoint == "handshake"  # a report is on turns
        self.recent.count += not (is_handshake or turn.diagnosis.record.warm_up)
        if not is_handshake and self._state.visibility.is_reported:
            self.recent.lines.append(turn.line)
        if not self._state.visibility.present:
            return
        if (marked := self._state.flows.get(turn.diagnosis.record.flow)) is None:
            return
        from ..output.turn_summary import turn_summary  # only where flows are looked at

        summary = turn_summary(turn.diagnosis, turn.entry, self.pseudonyms)
        relabel(marked, [*turn_summaries(marked), summary][-SUMMARIES_PER_FLOW:])
        if self._has_list:
            ctx.master.addons.trigger(hooks.UpdateHook(cast(Sequence[flow.Flow], [marked])))
            for listener in self._on_marked:
                listener(turn, marked)

    def _show(self, turn: FinishedTurn) -> None:
        """Count the turn, and print its line on mitmdump's terminal."""
        self.summary.add(turn.diagnosis)
        if totals := _totals(turn.diagnosis):
            self._state.persistence.put(functools.partial(self._today.add, totals))
        if self._has_terminal:
            _print(turn_line(turn.diagnosis, colour=vt_codes.ensure_supported(sys.stdout)))


def _totals(diagnosis: Diagnosis) -> DayTotals | None:
    """Return what a turn adds to those of its day, None for a handshake and a warm-up, which are none."""
    record, verdict, usage = diagnosis.record, diagnosis.verdict, diagnosis.record.usage
    if record.warm_up or record.endpoint == "handshake":
        return None
    avoidable = verdict.resent if verdict.blame == "avoidable" else 0
    miss = (
        Miss(record.ended_at or record.sent_at, verdict.name, verdict.because)
        if verdict.name != "hit" and verdict.is_miss
        else Miss()
    )
    return DayTotals(1, usage.input if usage else 0, usage.cached or 0 if usage else 0, verdict.resent, avoidable, miss)


def _print(text: str) -> None:
    with contextlib.suppress(OSError):  # a closed pipe is no reason to stop
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


@functools.lru_cache(maxsize=16)
def _expanded(path: str) -> str:
    return os.path.expanduser(path)  # pathlib's raises a RuntimeError for a user that does not exist


def turn_summaries(marked: http.HTTPFlow) -> list[Object]:
    """Return the summaries of a flow's turns."""
    known = marked.metadata.get(TURN_SUMMARIES)
    return [turn for turn in known if isinstance(turn, dict)] if isinstance(known, list | tuple) else []


def relabel(marked: http.HTTPFlow, known: list[Object]) -> None:
    """Give a flow these summaries with their marker and comment; a marker or comment of the user's own stays."""
    (comment, marker), (old_comment, old_marker) = _label(marked, known), _label(marked, turn_summaries(marked))
    marked.metadata[TURN_SUMMARIES] = known
    if marked.comment in ("", old_comment):
        marked.comment = comment
    if marked.marked in ("", old_marker):
        marked.marked = marker


def has_label_of_user(marked: http.HTTPFlow) -> bool:
    """Return True if the user has given a flow a marker or a comment."""
    comment, marker = _label(marked, turn_summaries(marked))
    return marked.comment not in ("", comment) or marked.marked not in ("", marker)


def _label(marked: http.HTTPFlow, known: list[Object]) -> tuple[str, str]:
    """Return the comment and the marker of a flow: of its turn, or of its last miss with how many of its turns missed.

    Each turn of a request is the same one, tried again.
    """
    shown = known if marked.websocket else known[-1:]
    turns = [turn for turn in shown if turn.get("warm_up") is not True] or shown[-1:]  # a warm-up is no turn
    if not turns:
        return "", ""
    misses = [turn for turn in turns if turn.get("is_miss")]
    latest = (misses or turns)[-1]
    text = f"{'miss: ' if misses else ''}{latest.get('verdict')}: {latest.get('because')}"
    marker = MISS_MARKER if misses else GROUP_OF.get(str(latest.get("verdict")), UNKNOWN).marker
    if len(turns) == 1:
        return text, marker
    which = "the latest " if len(shown) == SUMMARIES_PER_FLOW else ""
    return f"{which}{len(turns)} turns, {len(misses)} missed; {text}", marker


def append(path: str, line: bytes) -> None:
    """Append a line, or a secret, in one write, so that several proxies can share a file. Raises OSError.

    The file is opened for each line: one that was rotated away or deleted is simply created again.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if (written := os.write(file, line)) < len(line):
            _remove_partial(file, written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _remove_partial(file: int, written: int) -> None:
    """Remove a line that was written in part, when the disk is full: the next one would be lost with it."""
    if (end := os.lseek(file, 0, os.SEEK_CUR)) == os.fstat(file).st_size:  # else another proxy has appended since
        os.ftruncate(file, end - written)


def fresh_secret() -> bytes:
    """Return a new secret."""
    return secrets.token_bytes(SECRET_LENGTH)


def load_secret(folder: Path) -> bytes:
    """Return this machine's secret, made at the first use, readable by its user alone. Raises OSError.

    A secret is added to the end of the file and read from its start: of proxies that start at once each may add one,
    and all of them read the first.
    """
    path = folder / SECRET_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if len(known := _read(path)) < SECRET_LENGTH:
        append(str(path), fresh_secret())
        known = _read(path)
    if len(known) < SECRET_LENGTH:
        raise OSError(errno.EIO, f"{SECRET_FILE} does not keep what is written to it")
    return known


def _read(path: Path) -> bytes:
    """Return what there is of the first secret; the file may be a link to a device that has no end."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(SECRET_LENGTH)
