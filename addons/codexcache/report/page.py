"""The page: what the template (`page.html`) is given, and how many conversations and turns are listed and drawn.

Its style is `page.css`, with the colours of the verdicts added from the table in `verdicts`.
"""

import errno
import functools
import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from .. import __version__
from ..text import cell, counted, number, printable
from ..verdicts import GROUPS, QUIET, VERDICT_TABLE, VERDICTS
from . import chart, formatting, stats
from .chart import Timeline, lay_out
from .conversations import Conversation, ReportTurn, put_together
from .load import ReportData, Row

_FOLDER = Path(__file__).parent

_DOCTYPE = b"<!doctype html>"

_LONGEST_SOURCE = 200

_OPEN = 4
"""Conversations that are unfolded."""

_DRAWN = 3_000
"""Turns that are drawn and listed, so that the page stays quick; all others are counted all the same."""

_LISTED = 500
"""Conversations that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSection:
    """A conversation on the page, with its chart; `left_out` is the number of its first turns that are not drawn."""

    conversation: Conversation
    totals: stats.Totals
    timeline: Timeline | None
    left_out: int

    @property
    def turns(self) -> tuple[ReportTurn, ...]:
        """The turns that are drawn."""
        return self.conversation.turns[self.left_out :]

    @property
    def worst(self) -> ReportTurn:
        """The drawn turn that sent the most again, else the last."""
        return max(reversed(self.turns), key=lambda turn: turn.resent)


def render(report_data: ReportData, source: str) -> str:
    """Return the page; `source` says what it was made from."""
    conversations = put_together(report_data.rows)
    page = (
        _templates()
        .get_template("page.html")
        .render(
            source=printable(source, _LONGEST_SOURCE),
            period=_period(report_data.rows),
            runs=_runs(report_data.rows),
            notes=[*_skipped(report_data.skipped), *report_data.notes],
            totals=stats.total(conversations),
            causes=stats.causes(conversations),
            comparison=stats.compare(conversations),
            sections=list(_sections(conversations[:_LISTED])),
            unlisted=max(0, len(conversations) - _LISTED),
            **_constants(),
        )
    )
    return page.lstrip()


def _constants() -> dict[str, Any]:
    """Return what is the same on every page."""
    style, script = _asset("page.css") + _verdict_colours(), _asset("page.js")
    return {
        "version": __version__,
        "opened": _OPEN,
        "modes": stats.MODES,
        "groups": GROUPS,
        "verdicts": [VERDICT_TABLE[name] for name in (*reversed(QUIET), *VERDICTS[len(QUIET) :])],
        "chart": chart,
        "formatting": formatting,
        "number": number,
        "counted": counted,
        "cell": cell,
        "describe": describe,
        "split_parts": split_parts,
        "style": style,
        "script": script,
        "policy": _policy(style, script),
    }


def save(path: Path, page: str) -> None:
    """Write a page, over an older one but over nothing else. Raises OSError."""
    if path.is_file() and path.stat().st_size and not _looks_like_a_page(path):
        raise FileExistsError(errno.EEXIST, "there is a file of that name that is no report")
    path.write_text(page, "utf-8")


def _looks_like_a_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_DOCTYPE)) == _DOCTYPE


def describe(turn: ReportTurn) -> str:
    """Return what the page says of one turn, in three lines."""
    row, miss = turn.row, "miss: " if turn.verdict.is_miss else ""
    headline = f"Turn {row.turn} at {formatting.clock_to_the_second(row.time)}, {miss}{row.verdict}"
    return "\n".join((headline, row.because or turn.verdict.meaning, ", ".join(_counters(turn))))


def split_parts(totals: stats.Totals) -> Iterator[tuple[str, float, float]]:
    """Yield the parts of the input, each with its start and width in thousandths."""
    start, unit = 0.0, 1000 / max(1, totals.input)
    for kind, tokens in (("cached", totals.cached), ("resent", totals.resent), ("fresh", totals.fresh)):
        yield kind, start, tokens * unit
        start += tokens * unit


def _counters(turn: ReportTurn) -> Iterator[str]:
    row = turn.row
    yield f"{number(row.input)} input"
    yield f"{number(row.cached)} cached"
    if turn.resent:
        yield f"{turn.resent:,} re-sent"
    if turn.gap is not None:
        yield f"{formatting.span(turn.gap)} after the turn before"
    if others := [name for name in row.changes if name != row.verdict]:
        yield f"also changed: {' '.join(others)}"


def _sections(conversations: Iterable[Conversation]) -> Iterator[ConversationSection]:
    """Yield the conversations with their charts, until so many turns are drawn as may be."""
    left = _DRAWN
    for conversation in conversations:
        drawn = conversation.turns[-left:] if left else ()
        left -= len(drawn)
        yield ConversationSection(
            conversation=conversation,
            totals=stats.total([conversation]),
            timeline=lay_out(drawn) if drawn else None,
            left_out=len(conversation.turns) - len(drawn),
        )


def _period(rows: Sequence[Row]) -> str:
    times = [row.time for row in rows]
    return formatting.period(min(times), max(times)) if times else ""


def _runs(rows: Iterable[Row]) -> list[str]:
    """Return the starts of the proxy, in the order of time."""
    return list(dict.fromkeys(row.run for row in sorted(rows, key=lambda row: row.time)))


def _skipped(skipped: Counter[str]) -> Iterator[str]:
    if skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common())
        yield f"{counted(skipped.total(), 'line')} left out: {reasons}."


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(name: str) -> Markup:
    """Return a file of this folder, which goes into the page as it is."""
    return Markup((_FOLDER / name).read_text("utf-8"))


def _verdict_colours() -> Markup:
    """Return the style of the groups of verdicts: the colours of each on a light page, on a dark one and on paper."""
    light, dark = ("".join(f"--{one.name}: {one.colours[at]}; " for one in GROUPS if one.colours) for at in (0, 1))
    return Markup(
        f":root {{ {light}}}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n"
        f"@media print {{ :root {{ {light}}} }}\n"
        + "".join(f".{one.name} {{ --own: var(--{one.name}); }}\n" for one in GROUPS if one.colours)
    )


def _policy(style: str, script: str) -> str:
    """Return a policy by which the page can load nothing, and run nothing but its own style and script."""
    return f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
