"""A mitmproxy addon that does the least: responses are streamed, nothing else is done."""

from mitmproxy import http


class Bare:
    """Streams responses."""

    name = "bare"

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        assert flow.response
        flow.response.stream = True


addons = [Bare()]
