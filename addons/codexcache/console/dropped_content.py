"""What mitmproxy does with a flow whose bodies were dropped, where it would say too little.

It says "Content is missing." and asks no content view where a message has none; here it gets the page "Codex cache",
which does not need the body. In its console such a message stays "[content missing]"; there `codex.why` shows the page.
And it would write a curl command without the body that was sent; here an export is refused, as it is for other formats.
To replay such a request it refuses by itself (mitmproxy 12.2).
"""

from collections.abc import Callable
from typing import Any

from mitmproxy import contentviews, exceptions, http
from mitmproxy import flow as any_flow
from mitmproxy.addons import export
from mitmproxy.utils import strutils

from ..hooks.kept_bodies import WHY_DROPPED, is_dropped
from .view import NAME, CacheView, page_width

type _Export = Callable[[any_flow.Flow], str | bytes]


class DroppedContent:
    """Stands before mitmproxy's content views and export formats while the addon is loaded."""

    def __init__(self, view: CacheView) -> None:
        self._view = view
        self._prettify_message = contentviews.prettify_message
        self._formats: dict[str, _Export] = {}

    def load(self, loader: object) -> None:
        self._prettify_message = contentviews.prettify_message
        contentviews.prettify_message = self._prettify
        self._formats = dict(export.formats)
        export.formats |= {name: _refusing(export_as) for name, export_as in self._formats.items()}

    def done(self) -> None:
        if contentviews.prettify_message == self._prettify:  # else a newer instance has taken its place
            contentviews.prettify_message = self._prettify_message
            export.formats |= self._formats

    def _prettify(
        self, message: Any, flow: any_flow.Flow, *arguments: Any, **named: Any
    ) -> contentviews.ContentviewResult:
        if not isinstance(flow, http.HTTPFlow) or not _is_gone(flow, message):
            return self._prettify_message(message, flow, *arguments, **named)
        text = strutils.escape_control_characters(self._view.pages(flow, page_width()))
        return contentviews.ContentviewResult(text=text, syntax_highlight="none", view_name=NAME, description="")


def _refusing(export_as: _Export) -> _Export:
    def export_or_refuse(flow: any_flow.Flow) -> str | bytes:
        if isinstance(flow, http.HTTPFlow) and _is_gone(flow, flow.request):
            raise exceptions.CommandError(f"The bodies of this flow were dropped: {WHY_DROPPED}.")
        return export_as(flow)

    return export_or_refuse


def _is_gone(flow: http.HTTPFlow, message: object) -> bool:
    """Return True if the body of a flow's message was dropped; the user may have given it another one since."""
    return is_dropped(flow) and isinstance(message, http.Message) and message.raw_content is None
