"""The page: what the template (`page.html`) is given, and how many conversations and turns are listed and drawn.

Its style is `page.css`, with the colours of the verdicts added from the table in `verdicts`.
"""

import errno
import functools
import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import jinja2
from markupsafe import Markup

from .. import __version__, text
from ..text import counted, number, printable
from ..verdicts import GROUPS, QUIET, VERDICT_TABLE, VERDICTS
from . import chart
from .chart import lay_out
from .conversations import MODES, Conversation, ReportTurn, Totals, causes, compare, put_together
from .load import ReportData

_FOLDER = Path(__file__).parent

_DOCTYPE = b"<!doctype html>"

_LONGEST_SOURCE = 200

_OPEN = 4
"""Conversations that are unfolded."""

_DRAWN = 3_000
"""Turns that are drawn and listed, so that the page stays quick; all others are counted all the same."""

_LISTED = 500
"""Conversations that are listed."""


class ConversationSection:
    """A conversation on the page, with a chart of its last turns, `drawn` at the most.

    `left_out` is the number of its first turns that are not drawn.
    """

    def __init__(self, conversation: Conversation, drawn: int) -> None:
        self.conversation, self.totals = conversation, Totals([conversation])
        self.left_out = max(0, len(conversation.turns) - drawn)
        self.turns = conversation.turns[self.left_out :]
        self.timeline = lay_out(self.turns) if self.turns else None

    @property
    def worst(self) -> ReportTurn:
        """The drawn turn that sent the most again, else the last."""
        return max(reversed(self.turns), key=lambda turn: turn.resent)


def render(report_data: ReportData, source: str) -> str:
    """Return the page; `source` says what it was made from."""
    conversations, rows = put_together(report_data.rows), sorted(report_data.rows, key=lambda row: row.time)
    page = _template().render(
        source=printable(source, _LONGEST_SOURCE),
        period=text.period(rows[0].time, rows[-1].time) if rows else "",
        runs=list(dict.fromkeys(row.run for row in rows)),
        notes=[*_skipped(report_data.skipped), *report_data.notes],
        totals=Totals(conversations),
        causes=causes(conversations),
        comparison=compare(conversations),
        sections=list(_sections(conversations[:_LISTED])),
        unlisted=max(0, len(conversations) - _LISTED),
    )
    return page.lstrip()


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
    return "\n".join((headline, row.because or turn.verdict.meaning, ", ".join(_counters(turn))))


def split_parts(totals: Totals) -> Iterator[tuple[str, float, float]]:
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
        yield f"{text.span(turn.gap)} after the turn before"
    if others := [name for name in row.changes if name != row.verdict]:
        yield f"also changed: {' '.join(others)}"


def _sections(conversations: Iterable[Conversation]) -> Iterator[ConversationSection]:
    """Yield the conversations with their charts, until so many turns are drawn as may be."""
    left = _DRAWN
    for conversation in conversations:
        section = ConversationSection(conversation, left)
        left -= len(section.turns)
        yield section


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
        "groups": GROUPS,
        "verdicts": [VERDICT_TABLE[name] for name in (*reversed(QUIET), *VERDICTS[len(QUIET) :])],
        "chart": chart,
        "text": text,
        "describe": describe,
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
