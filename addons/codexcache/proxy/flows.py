"""The flows of turns, for as long as mitmproxy or somebody else holds them: we do not."""

from weakref import WeakValueDictionary

from mitmproxy import http


class Flows:
    """Flows by id."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, http.HTTPFlow] = WeakValueDictionary()

    def add(self, flow: http.HTTPFlow) -> None:
        """Know a flow until it is gone."""
        self._known[flow.id] = flow

    def get(self, flow_id: str) -> http.HTTPFlow | None:
        """Return a flow, None where it is not known or gone."""
        return self._known.get(flow_id)

    def all(self) -> list[http.HTTPFlow]:
        """Return all flows that are not gone, in the order in which they came."""
        return list(self._known.values())
