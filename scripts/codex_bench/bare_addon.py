"""The arm that all others are compared with: responses are streamed, nothing else is done."""

from mitmproxy import http


class Bare:
    """Has responses streamed."""

    name = "bench_bare"

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        assert flow.response
        flow.response.stream = True


addons = [Bare()]
