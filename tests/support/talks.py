"""Conversations with a backend whose counters are given, through a proxy that has a list of flows."""

from typing import Any

from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from codexcache.hooks.notify import turn_summaries
from mitmproxy import http
from mitmproxy.addons.view import View
from toolkit.wire.http1 import Response

from support.client import Field, connected
from support.proxy import Proxy
from support.sockets import Peer, Talk
from support.upstream import Answer, Exchange, chunk, stream_head
from support.wire import JSON, RESPONSES, body, event, spelled

ANSWER: Object = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I see."}]}
SECRETS = (
    ("Authorization", "Bearer credential-1"),
    ("ChatGPT-Account-Id", "account-1"),
    ("Cookie", "sid=cookie-1"),
    ("X-Codex-Turn-State", "state-1"),
)

type Counters = tuple[int, int | None]
"""Input tokens, and those of them that were cached."""


class Listed:
    """The addon with the list of flows that the console and mitmweb have."""

    def __init__(self) -> None:
        self.view = View()
        self.codex = CodexContinuity()
        self.addons = [self.view, self.codex]


def asked(*texts: str) -> list[Object]:
    """Return a history in which each message of the user but the last has been answered."""
    items: list[Object] = []
    for text in texts:
        items += [ANSWER] if items else []
        items.append({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]})
    return items


def counting(*given: Counters) -> Answer:
    """Answer one request after the other with these counters."""
    ends = iter(_ends(given))

    async def answer(exchange: Exchange) -> None:
        await exchange.send(stream_head(), *(chunk(event(**end)) for end in next(ends)), chunk(b""))

    return answer


def counting_frames(*given: Counters) -> Talk:
    """Answer one message after the other with these counters."""
    ends = iter(_ends(given))

    async def talk(peer: Peer) -> None:
        async for _ in peer.messages():
            for end in next(ends):
                await peer.send(spelled({"type": end["kind"], **end}).decode())

    return talk


def _ends(given: tuple[Counters, ...]) -> list[list[dict[str, Any]]]:
    said = {"kind": "response.output_item.done", "item": ANSWER}
    return [
        [said, {"kind": "response.completed", "response": {"id": f"resp_{number}", "usage": counters(*counts)}}]
        for number, counts in enumerate(given, 1)
    ]


def counters(given: int = 9_000, cached: int | None = 0) -> Object:
    """Return the usage that a response tells."""
    details: Object = {} if cached is None else {"input_tokens_details": {"cached_tokens": cached}}
    return {"input_tokens": given, "output_tokens": 5, **details}


async def post(
    proxy: Proxy,
    *fields: Field,
    path: str = RESPONSES,
    method: str = "POST",
    text: bytes | None = None,
    **members: Any,
) -> Response:
    """Send one request, by default a turn with these members, and return the whole response."""
    async with connected(proxy) as connection:
        return await connection.post(path, [JSON, *fields], body(**members) if text is None else text, method)


def flows(proxy: Proxy) -> list[http.HTTPFlow]:
    """Return the flows in the proxy's list."""
    return [flow for flow in proxy.master.addons.get("view") if isinstance(flow, http.HTTPFlow)]


def verdicts(flow: http.HTTPFlow) -> list[str]:
    """Return the verdicts on a flow's turns."""
    return [str(turn["verdict"]) for turn in turn_summaries(flow)]
