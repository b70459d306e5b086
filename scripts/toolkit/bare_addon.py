"""A mitmproxy addon that does the least: responses are streamed, nothing else is done."""

from mitmproxy import http


def responseheaders(flow: http.HTTPFlow) -> None:
    """Have the response streamed."""
    assert flow.response
    flow.response.stream = True
