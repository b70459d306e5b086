"""The flows of turns, for as long as mitmproxy or somebody else holds them: we do not."""

import functools
import weakref

from mitmproxy import http


class Flows:
    """Flows by id."""

    def __init__(self) -> None:
        self._known: dict[str, weakref.ref[http.HTTPFlow]] = {}

    def add(self, flow: http.HTTPFlow) -> None:
        """Know a flow until it is gone."""
        self._known[flow.id] = weakref.ref(flow, functools.partial(self._known.pop, flow.id))

    def get(self, flow_id: str) -> http.HTTPFlow | None:
        """Return a flow, None where it is not known or gone."""
        known = self._known.get(flow_id)
        return known() if known else None

    def all(self) -> list[http.HTTPFlow]:
        """Return all flows that are not gone, in the order in which they came."""
        return [flow for known in list(self._known.values()) if (flow := known())]
