"""The prompt cache's rules, all of them: an embedded model; not run against chatgpt.com.

What is public about the real cache is scattered over issue threads and documents, partly contradictory.
This module takes one reading of each point and names where it comes from; it is a stand-in to develop against,
no proof of what the real backend does.

1. Routing. Each cache server remembers for itself. A session header's value picks the server, always the same one
   (openai/codex#44716 measured the header apart from the key; the same is said in codex-rs `core/src/client.rs`).
2. Lottery. Without a session header a request, or a WebSocket as long as it lasts, lands on any server: repeats of
   one prompt read now and then (Cloudgeni-ai/opengeni#386), and less the more servers there are.
3. Key. Without a session header the backend puts a fresh UUID in the place of the prompt cache key and echoes that;
   with one it echoes what was sent (Datus-ai/Datus-agent#918, fawney19/Aether#682).
4. Partition. Sessions do not read each other's entries, and one session header keeps its entries under another key
   (openai/codex#44716, Cloudgeni-ai/opengeni#386). Reports that the key separates too exist
   (SamSaffron/term-llm#921); that reading is `Rules.key_partitions`.
   Without a session header there is no partition, or the lottery would have no prizes.
5. Scope. Account, model, tools, effort, verbosity, text format, tier and parallel tool calls separate entries
   (OpenAI's prompt caching guide; accounts: Soju06/codex-lb#2234).
6. Prefix. Entries match byte by byte from the start of the prompt: tools, then instructions, then input (same guide).
7. Size. Nothing is cached under 1,024 tokens, and reads come in steps of 128 (same guide).
8. Time. An entry lives until it was idle for `Rules.idle_seconds`; each read or write of it counts as use.
   When the real one becomes readable for a request sent at the same moment is not known; here it is at once.
9. Tokens. One token is four bytes of the rendered prompt: an estimate, good enough for proportions.
10. Rendering. The real one is not public. This one leaves out what is bookkeeping (ids, states, notes to the client),
    so that an item reads the same whether the backend remembered it or the client sent it back.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

import orjson

BYTES_A_TOKEN = 4
MINIMUM_TOKENS = 1024
STEP_TOKENS = 128

_BOOKKEEPING = frozenset({"annotations", "id", "internal_chat_message_metadata_passthrough", "logprobs", "status"})

_LIMIT = 500_000  # entries; a step of 128 tokens each, far more than a test run needs

Body = Mapping[str, Any]


class Scope(NamedTuple):
    """Where entries are shared: two turns read each other's only if their scopes are equal."""

    server: int
    account: str
    partition: tuple[str, str]
    members: bytes


_Entry = tuple[Scope, bytes]


def server_of(session: str, servers: int) -> int:
    """Return the number of the cache server that a session header's value routes to (rule 1)."""
    return int.from_bytes(hashlib.sha256(session.encode()).digest()[:8]) % servers


def partition(session: str | None, key: Any, key_partitions: bool) -> tuple[str, str]:
    """Return what separates the entries of one conversation from those of others (rule 4)."""
    if session is None:
        return ("", "")
    return (session, str(key) if key_partitions else "")


def members(body: Body) -> bytes:
    """Return a digest of the members outside of the prompt that separate entries (rule 5)."""
    affecting = [
        body.get("model"),
        body.get("tools") or [],
        _within(body, "reasoning", "effort"),
        _within(body, "text", "verbosity"),
        _within(body, "text", "format"),
        body.get("service_tier") or "default",
        body.get("parallel_tool_calls"),
    ]
    return hashlib.sha256(orjson.dumps(affecting)).digest()


def _within(body: Body, outer: str, inner: str) -> Any:
    held = body.get(outer)
    return held.get(inner) if isinstance(held, Mapping) else None


def tokens(size: int) -> int:
    """Return how many tokens this many bytes are taken for (rule 9)."""
    return size // BYTES_A_TOKEN


def steps(prompt: bytes) -> list[bytes]:
    """Return one digest per full step of a prompt, each of everything up to its end (rules 6 and 7)."""
    size = STEP_TOKENS * BYTES_A_TOKEN
    ends, digest = [], b""
    for start in range(0, len(prompt) - size + 1, size):
        digest = hashlib.sha256(digest + prompt[start : start + size]).digest()
        ends.append(digest)
    return ends


def cached_tokens(matched: int) -> int:
    """Return the tokens that this many matching steps are worth, nothing if under the minimum (rule 7)."""
    found = matched * STEP_TOKENS
    return found if found >= MINIMUM_TOKENS else 0


class PromptCache:
    """The entries of all cache servers: prompts, remembered step by step; the clock is the caller's (rules 7 and 8)."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self.limit = limit
        self._used: OrderedDict[_Entry, float] = OrderedDict()  # the longest unused first

    def take(self, scope: Scope, prompt: bytes, now: float, idle_seconds: float) -> int:
        """Return the cached tokens of a prompt at a time in seconds, and remember the prompt."""
        entries = [(scope, step) for step in steps(prompt)]
        while self._used and next(iter(self._used.values())) < now - idle_seconds:
            self._used.popitem(last=False)
        matched = sum(1 for _ in takewhile(self._used.__contains__, entries))
        for entry in entries if tokens(len(prompt)) >= MINIMUM_TOKENS else ():
            self._used[entry] = now
            self._used.move_to_end(entry)
        while len(self._used) > self.limit:
            self._used.popitem(last=False)
        return cached_tokens(matched)


def items_of(body: Body) -> list[Any]:
    """Return the input items of a body; a plain string is one user message."""
    given = body.get("input") or []
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return list(given) if isinstance(given, list) else [given]


def render(body: Body, items: Sequence[Any]) -> bytes:
    """Return the whole prompt of a body whose input, with what a connection remembers, is `items`."""
    return b"\n".join(_lines(body, items))


def texts_of(item: Any) -> Iterable[str]:
    """Yield the texts of a message item."""
    content = item.get("content") if isinstance(item, dict) else None
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]


def _lines(body: Body, items: Sequence[Any]) -> Iterable[bytes]:
    # Tools keep the order of their members: schemas are shown to the model as they are written.
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        yield orjson.dumps(tool)
    yield str(body.get("instructions") or "").encode()
    for item in items:
        is_message = isinstance(item, dict) and item.get("type", "message") == "message" and "role" in item
        yield from _message(item) if is_message else (_canonical(item),)


def _message(item: dict[str, Any]) -> Iterable[bytes]:
    yield b"<" + str(item["role"]).encode() + b">"
    content = item.get("content")
    for part in content if isinstance(content, list) else [{"text": content}]:
        text = part.get("text") if isinstance(part, dict) else None
        yield text.encode() if isinstance(text, str) else _canonical(part)


def _canonical(value: Any) -> bytes:
    if isinstance(value, dict):
        value = {name: held for name, held in value.items() if name not in _BOOKKEEPING}
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
