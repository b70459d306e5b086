"""The page: what the template (`page.html`) is given, and how many conversations and turns are listed and drawn.

Its style is `page.css`, with the colours of the verdicts added from the table in `verdicts`.
"""

import errno
import functools
import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import jinja2
from markupsafe import Markup

from .. import __version__, text
from ..text import counted, number, printable
from ..verdicts import GROUPS, QUIET, VERDICT_TABLE, VERDICTS
from . import chart
from .aggregate import MODES, ReportData
from .chart import lay_out
from .comparison import compare
from .conversations import Conversation, ReportTurn, put_together
from .load import AVOIDABLE, BLAMES
from .totals import Amounts, Cause

_FOLDER = Path(__file__).parent

_DOCTYPE = b"<!doctype html>"

_LONGEST_SOURCE = 200

_OPEN = 4
"""Conversations that are unfolded."""

_DRAWN = 2_000
"""Turns that are drawn and listed, so that the page stays quick; all others are counted all the same."""

_LISTED = 200
"""Conversations that are listed."""

_CLIENTS = 3
"""Clients that are named with a cause."""


class Section:
    """A conversation on the page, with the chart of its last turns where any are drawn."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation, self.totals, self.turns = conversation, conversation.totals, conversation.turns
        self.timeline = lay_out(self.turns) if self.turns else None


def render(report_data: ReportData, source: str) -> str:
    """Return the page; `source` says what it was made from. Raises OSError where a journal is gone meanwhile."""
    causes = report_data.causes
    page = _template().render(
        source=printable(source, _LONGEST_SOURCE),
        period=_period(*report_data.period) if report_data.turns else "",
        runs=report_data.runs,
        notes=[*_skipped(report_data.skipped), *report_data.notes],
        data=report_data,
        totals=report_data.totals,
        causes=causes,
        changes=[cause for cause in causes if cause.blame == AVOIDABLE and cause.resent],
        comparison=compare(report_data.modes),
        sections=[Section(each) for each in put_together(report_data, _LISTED, _DRAWN)],
        unlisted=max(0, len(report_data.conversations) - _LISTED),
    )
    return page.lstrip()


def _period(start: datetime, end: datetime) -> str:
    return text.period(start.timestamp(), end.timestamp())


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
    headline = f"Turn {row.turn} at {text.clock_to_the_second(row.time)}, {miss}{row.verdict}"
    return "\n".join((headline, turn.details.because or turn.verdict.meaning, ", ".join(_counters(turn))))


def split_parts(amounts: Amounts) -> Iterator[tuple[str, float, float]]:
    """Yield the parts of the input, each with its start and width in thousandths."""
    start, unit = 0.0, 1000 / max(1, amounts.input)
    for kind in ("cached", *BLAMES, "fresh"):
        width = getattr(amounts, kind) * unit
        yield kind, start, width
        start += width


def some_clients(cause: Cause) -> str:
    """Return the clients that re-sent the most because of something, and how many others did."""
    names = [name for name, _ in cause.clients.most_common()]
    others = [counted(len(names) - _CLIENTS, "other client")] if len(names) > _CLIENTS else []
    return ", ".join([*names[:_CLIENTS], *others])


def _counters(turn: ReportTurn) -> Iterator[str]:
    row = turn.row
    yield f"{number(row.input)} input"
    yield f"{number(row.cached)} cached"
    if row.resent:
        yield f"{row.resent:,} re-sent ({row.blame})"
    if turn.gap is not None:
        yield f"{text.span(turn.gap)} after the turn before"
    if others := [name for name in turn.details.changes if name != row.verdict]:
        yield f"also changed: {' '.join(others)}"


def _skipped(skipped: Counter[str]) -> Iterator[str]:
    if skipped:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common())
        yield f"{counted(skipped.total(), 'line')} left out: {reasons}."


@functools.cache
def _template() -> jinja2.Template:
    """Return the template with what is the same on every page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _asset("page.css") + _verdict_colours(), _asset("page.js")
    constants = {
        "version": __version__,
        "opened": _OPEN,
        "modes": MODES,
        "blames": BLAMES,
        "groups": GROUPS,
        "verdicts": [VERDICT_TABLE[name] for name in (*reversed(QUIET), *VERDICTS[len(QUIET) :])],
        "chart": chart,
        "text": text,
        "describe": describe,
        "some_clients": some_clients,
        "period_of": _period,
        "split_parts": split_parts,
        "style": style,
        "script": script,
        "policy": _policy(style, script),
    }
    return environment.get_template("page.html", globals=constants)


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


def _digest(content: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
