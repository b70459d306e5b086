"""The content view "Codex cache": the page of each turn, in mitmproxy's console and in mitmweb.

It is there for the asking, by its name. By itself it is shown only where a flow of turns has no body to show, as the
handshake of a WebSocket: whoever looks at a body wants to see the body.
"""

import math

from mitmproxy import contentviews, http

from ..proxy.core import Core
from ..proxy.telling import portraits
from ..visible import with_symbols
from ..wire.document import Object
from ..words.layout import cut
from ..words.page import page, title
from .hold import HELD
from .lookup import Lookup
from .redraw import forget_soon, show_again
from .room import page_width

NAME = "Codex cache"
_MOST = 20
"""Turns of one flow that are shown at once, the latest first."""


class CacheView(contentviews.Contentview):
    """Shows why turns were or were not read from the prompt cache."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup

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
        """Return the pages of a flow's turns, the latest first, so many characters wide."""
        known = turns_of(flow)
        pages = [page(portrait, self.lookup.break_of(flow, portrait), width) for portrait in known[: -_MOST - 1 : -1]]
        more = [f"There are {len(known) - _MOST} earlier turns."] if len(known) > _MOST else []
        return f"\n \n{'─' * width}\n \n".join([*pages, *more])

    def _of_message(self, flow: http.HTTPFlow, known: list[Object], *, at: float, from_client: bool) -> str:
        """Return the page of the turn that a message sends; for others, a line with the turn that they belong to."""
        turn = next((turn for turn in reversed(known) if _time(turn) <= at), None)
        if turn is None:
            return "This belongs to no finished turn."
        if from_client and turn.get("sent_at") == at:
            return page(turn, self.lookup.break_of(flow, turn), page_width())
        return cut(with_symbols(f"with turn {turn.get('turn')} ({title(turn)})"), page_width())


def turns_of(flow: http.HTTPFlow) -> list[Object]:
    """Return the portraits of a flow's turns, and at the end that of one that is held."""
    held = flow.metadata.get(HELD)
    return [*portraits(flow), *([held] if isinstance(held, dict) else [])]


def _time(turn: Object) -> float:
    """Return when a turn was sent; a portrait from a file may not say it."""
    at = turn.get("sent_at")
    return at if isinstance(at, int | float) else math.inf


class Views:
    """Registers the view while the addon is loaded."""

    def __init__(self, core: Core) -> None:
        self.view = CacheView(Lookup(core))
        core.desk.listeners.append(lambda finding: show_again(self.view, finding.record.flow))

    def load(self, loader: object) -> None:
        contentviews.add(self.view)

    def done(self) -> None:
        """Take the view away, unless a newer instance has taken its place."""
        registered = contentviews.registry._by_name
        if registered.get(NAME.lower()) is self.view:
            del registered[NAME.lower()]
