"""The content view "Codex cache": the page of each turn, in mitmproxy's console and in mitmweb.

It is chosen by its name. By itself it is shown only where a flow of turns has no body to show, as the handshake of a
WebSocket: a user who opens a body wants to see the body.

The width is that of the console's terminal, elsewhere always the same; layouts and popup, which takes four fifths of
the terminal, are those of mitmproxy 12.2. The console caches what a view made of a body by the body and the header
fields alone (12.2), while a turn's page changes when the turn ends, and differs between turns that were sent twice
alike. So the cache is cleared after each page.
"""

import asyncio
import contextlib
import math
import sys

from mitmproxy import contentviews, ctx, http

from ..body.json_splice import Object
from ..hooks.kept_bodies import WHY_DROPPED, is_dropped
from ..hooks.notify import turn_summaries
from ..text import NARROWEST, WIDEST, WIDTH, cut, with_symbols, wrapped
from .hold import HELD
from .lookup import Lookup

NAME = "Codex cache"
_TURNS_SHOWN = 20
"""Turns of one flow that are shown at once."""

_DROPPED = f"The bodies of this flow were dropped: {WHY_DROPPED}. What follows was kept."

_MISS_FIRST = "First the latest miss, then the other turns from the latest on."

_BORDER, _ARROW = 2, 2
"""Columns of a popup's border, and of the arrow that stands before each line of a WebSocket's message."""

_FLOW_VIEW = "mitmproxy.tools.console.flowview"


class CacheView(contentviews.Contentview):
    """Shows why turns were or were not read from the prompt cache, while the addon is loaded."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup

    def load(self, loader: object) -> None:
        contentviews.add(self)

    def done(self) -> None:
        """Unregister the view, unless a newer instance has taken its place."""
        registered = contentviews.registry._by_name
        if registered.get(NAME.lower()) is self:
            del registered[NAME.lower()]

    @property
    def name(self) -> str:
        return NAME

    def prettify(self, data: bytes, metadata: contentviews.Metadata) -> str:
        forget_soon()
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow) or not (known := turns_of(flow)):
            return "This is not a turn of the Codex backend, or not a finished one."
        if (message := metadata.websocket_message) is None:
            return self.pages(flow, page_width())
        return self._of_message(flow, known, at=message.timestamp, from_client=message.from_client)

    def render_priority(self, data: bytes, metadata: contentviews.Metadata) -> float:
        flow = metadata.flow
        if not isinstance(flow, http.HTTPFlow) or not turns_of(flow):
            return -1
        return 0.05 if data or metadata.http_message is not flow.request else 0.5

    def pages(self, flow: http.HTTPFlow, width: int) -> str:
        """Return the pages of a flow's turns, so many characters wide.

        First comes the turn that the flow's comment tells of, then the others, the latest first.
        """
        from ..output.turn_page import page  # not at the start: most proxies show none

        known = turns_of(flow)
        told = told_turn(flow)
        others = [turn for turn in reversed(known) if turn is not told]
        pages = [
            page(self.lookup.with_words(turn_summary), self.lookup.break_of(flow, turn_summary), width)
            for turn_summary in (told, *others[: _TURNS_SHOWN - 1])
        ]
        more = [f"There are {len(known) - _TURNS_SHOWN} earlier turns."] if len(known) > _TURNS_SHOWN else []
        notes = ([_DROPPED] if is_dropped(flow) else []) + ([_MISS_FIRST] if told is not known[-1] else [])
        top = "".join("\n".join([*wrapped(note, width), " ", ""]) for note in notes)
        return top + f"\n \n{'─' * width}\n \n".join([*pages, *more])

    def redraw(self, _turn: object, flow: http.HTTPFlow) -> None:
        """Have the console draw a flow again, if it is the one that is looked at."""
        flows = ctx.master.addons.get("view")
        if _FLOW_VIEW in sys.modules and flows and flows.focus.flow is flow:
            contentviews.registry.on_change.send(self)

    def _of_message(self, flow: http.HTTPFlow, known: list[Object], *, at: float, from_client: bool) -> str:
        """Return the page of the turn that a message sends; for others, a line with the turn that they belong to."""
        from ..output.turn_page import page, title

        turn = next((turn for turn in reversed(known) if _time(turn) <= at), None)
        if turn is None:
            return "This belongs to no finished turn."
        if from_client and turn.get("sent_at") == at:
            return page(self.lookup.with_words(turn), self.lookup.break_of(flow, turn), page_width())
        return cut(with_symbols(f"with turn {turn.get('turn')} ({title(turn)})"), page_width())


def told_turn(flow: http.HTTPFlow) -> Object:
    """Return the turn of a flow that its comment tells of: a held one, else the latest miss, else the latest.

    Each turn of a request is the same one, tried again, so there only the latest counts.
    """
    known = turns_of(flow)
    misses = [turn for turn in known if turn.get("is_miss") is True] if flow.websocket else []
    return known[-1] if HELD in flow.metadata or not misses else misses[-1]


def turns_of(flow: http.HTTPFlow) -> list[Object]:
    """Return the summaries of a flow's turns, and at the end that of one that is held."""
    held = flow.metadata.get(HELD)
    return [*turn_summaries(flow), *([held] if isinstance(held, dict) else [])]


def _time(turn: Object) -> float:
    at = turn.get("sent_at")
    return at if isinstance(at, int | float) else math.inf  # a summary from a file may not say it


def page_width() -> int:
    """Return the columns of a page in the view of a flow."""
    terminal = _terminal()
    return WIDTH if terminal is None else readable(_pane(terminal) - _ARROW)


def popup_width() -> int:
    """Return the columns of what a command shows."""
    terminal = _terminal()
    return WIDTH if terminal is None else max(NARROWEST, min(math.ceil(terminal * 0.8), _pane(terminal)) - _BORDER)


def readable(width: int) -> int:
    """Return the width for text, which is easier to read if it does not fill a wide terminal."""
    return max(NARROWEST, min(width, WIDEST))


def _terminal() -> int | None:
    """Return the columns of the console's terminal, None where there is no console."""
    if ctx.master.addons.get("consoleaddon") is None:
        return None
    columns: int = ctx.master.ui.get_cols_rows()[0]  # type: ignore[attr-defined]
    return columns


def _pane(terminal: int) -> int:
    """Return the columns of a pane: two stand side by side in the layout that mitmproxy calls horizontal."""
    return terminal // 2 if ctx.options.console_layout == "horizontal" else terminal


def forget_soon() -> None:
    """Have the console forget what it is about to remember."""
    if _FLOW_VIEW in sys.modules:
        with contextlib.suppress(RuntimeError):  # no loop runs, so no console shows anything
            asyncio.get_running_loop().call_soon(_forget)


def _forget() -> None:
    remembered = getattr(sys.modules[_FLOW_VIEW].FlowDetails, "_get_content_view", None)
    if remembered is not None:
        remembered.cache_clear()
