"""Comparisons of what a client sent with what reached the backend."""

from typing import Any

from embedded_backend import Received

CARRIERS = {"host", "connection", "content-length", "proxy-connection", "te", "transfer-encoding"}
"""Headers of the way between two programs: HTTP/1.1 and HTTP/2 have different ones."""

REAL = "/backend-api/codex/responses"
SHORT = ("/responses", "/codex/responses")
"""What clients append to a base URL that names the proxy alone."""

KEY = "prompt_cache_key"
STRIPPED = ("stream_options", "max_output_tokens")
"""Members that the addon takes out in one test or another."""

Pair = tuple[Received, Received]
"""A message as it was sent, and as it arrived."""


def added(sent: Received, received: Received) -> dict[str, str]:
    """Return the headers that only the backend saw; nothing that the client sent may be missing or other."""
    before, after = (
        [(name, value) for name, value in one.headers if name not in CARRIERS and not name.startswith(":")]
        for one in (sent, received)
    )
    assert [header for header in after if header in before] == before
    return dict(header for header in after if header not in before)


def assert_only_gains(sent: Received, received: Received, key: str) -> None:
    """Check that the body is byte for byte what the client sent; where it had no key, it has gained one only."""
    if sent.kind == "handshake" or KEY in sent.json:
        assert sent.body == received.body
    else:
        assert received.json[KEY] == key
        assert [*sent.json.items()] == [item for item in received.json.items() if item[0] != KEY]


def paired(sent: list[Received], received: list[Received]) -> list[Pair]:
    """Pair what was sent with what arrived for it: messages sent at the same time may arrive in another order."""
    left = list(received)
    pairs = [(each, left.pop(next(place for place, other in enumerate(left) if same(each, other)))) for each in sent]
    assert not left
    return pairs


def same(sent: Received, received: Received) -> bool:
    """Return whether this arrived for that, key or no key; handshakes differ in what all of them have."""
    path = f"{REAL}{sent.path.partition('/responses')[2]}" if sent.path.startswith(SHORT) else sent.path
    if (sent.kind, sent.method, path) != (received.kind, received.method, received.path):
        return False
    if sent.kind == "handshake":
        return all(sent.header(name) in (None, received.header(name)) for name in ("thread-id", "session-id"))
    return bool(_but_changes(sent.json) == _but_changes(received.json))


def identity(turn: Received) -> tuple[str | None, str | None, str | None]:
    """Return the three places of the key: the body's member and both session headers."""
    return turn.json.get(KEY), turn.header("session-id"), turn.header("session_id")


def part(turn: Received) -> str:
    """Return which part of a conversation a turn is: warm-up, compaction, title or turn.

    opencode asks for a title without tools and, other than its turns, without a key.
    """
    items = turn.json["input"]
    if turn.json.get("generate") is False:
        return "warm-up"
    if turn.path.endswith("/compact") or (items and items[-1].get("type") == "compaction_trigger"):
        return "compaction"
    return "turn" if KEY in turn.json or "tools" in turn.json else "title"


def _but_changes(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in (KEY, *STRIPPED)}
