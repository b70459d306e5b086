"""Comparisons of what a client sent with what reached the backend."""

from embedded_backend.received import Received

CARRIERS = {"host", "connection", "content-length", "proxy-connection", "te", "transfer-encoding"}
"""Headers of the way between two programs: HTTP/1.1 and HTTP/2 have different ones."""


def headers_of(message: Received) -> list[tuple[str, str]]:
    return [(name, value) for name, value in message.headers if name not in CARRIERS and not name.startswith(":")]


def added(sent: Received, received: Received) -> dict[str, str]:
    """Returns the headers that only the backend saw; nothing that the client sent may be missing or other."""
    before, after = headers_of(sent), headers_of(received)
    assert [header for header in after if header in before] == before
    return dict(header for header in after if header not in before)


def assert_untouched(sent: list[Received], received: list[Received]) -> None:
    """Every message has arrived as it was sent: the address, each header, each byte of the body."""
    assert [address(each) for each in sent] == [address(each) for each in received]
    for before, after in zip(sent, received, strict=True):
        assert headers_of(before) == headers_of(after)
        assert before.body == after.body


def address(message: Received) -> tuple[str, str, str, str]:
    return message.kind, message.method, message.host, message.path


def identity(turn: Received) -> tuple[str | None, str | None, str | None]:
    """Returns the three places of the key: the body's member and both session headers."""
    return turn.json.get("prompt_cache_key"), turn.header("session-id"), turn.header("session_id")


def is_compaction(message: Received) -> bool:
    return message.path.endswith("/responses/compact")
