"""How mitmproxy's console is kept from showing a page that is out of date, or that of another flow.

It remembers what a view made of a body by the body and the header fields alone (12.2), while a turn's page changes when
the turn ends, and differs between turns that were sent twice alike.
"""

import asyncio
import contextlib
import sys

from mitmproxy import contentviews, ctx

_MODULE = "mitmproxy.tools.console.flowview"


def forget_soon() -> None:
    """Have the console forget what it is about to remember."""
    if _MODULE in sys.modules:
        with contextlib.suppress(RuntimeError):  # no loop runs, so nobody is looking
            asyncio.get_running_loop().call_soon(_forget)


def show_again(view: contentviews.Contentview, flow_id: str) -> None:
    """Have the console draw a flow again, if it is the one that is looked at."""
    flows = ctx.master.addons.get("view")
    if _MODULE in sys.modules and flows and flows.focus.flow and flows.focus.flow.id == flow_id:
        contentviews.registry.on_change.send(view)


def _forget() -> None:
    remembered = getattr(sys.modules[_MODULE].FlowDetails, "_get_content_view", None)
    if remembered is not None:
        remembered.cache_clear()
