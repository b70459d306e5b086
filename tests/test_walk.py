"""How far a warm HTTP turn walks through the modules, as docs/architecture.md tells it."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import codexcache
import orjson
from codexcache.addon import CodexContinuity
from mitmproxy import http
from mitmproxy.test import taddons, tflow, tutils
from support.talks import counters
from support.turns import conversation
from support.wire import RESPONSES, body, event

MODULES, MOVES = 53, 230
"""At most so many modules, and calls from one module into another, the chunks of the response included."""

PACKAGE = str(Path(codexcache.__file__).parent)


class Walk:
    """Counts the modules of the addon that are called, and the calls from one of them into another."""

    def __init__(self) -> None:
        self.modules = set[str]()
        self.moves = Counter[tuple[str, str]]()
        self._stack = list[str]()

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        file = frame.f_code.co_filename
        if event == "call":
            caller = self._stack[-1] if self._stack else ""
            module = file.removeprefix(PACKAGE) if file.startswith(PACKAGE) else caller
            if module != caller:
                self.modules.add(module)
                self.moves[caller, module] += 1
            self._stack.append(module)
        elif event == "return" and self._stack:
            self._stack.pop()


def said(number: int) -> str:
    """Return a message of a conversation, the answers in it included."""
    return f"This is message {number} of the conversation."


def request(length: int) -> http.HTTPFlow:
    """Return a flow with the request of a conversation of so many messages."""
    text = body(instructions="i" * 600, input=conversation(*map(said, range(length))))
    fields = [(b"Host", b"chatgpt.com"), (b"session_id", b"s"), (b"content-length", b"%d" % len(text))]
    message = tutils.treq(
        host="chatgpt.com", method=b"POST", path=RESPONSES.encode(), headers=http.Headers(fields), content=text
    )
    message.timestamp_end = time.time()
    flow = tflow.tflow(req=message)
    flow.live = True
    return flow


def chunks(number: int) -> Iterator[bytes]:
    """Yield a response as it arrives: its first event, 18 pieces of text, its answer, its last event, its end."""
    answer = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": said(2 * number + 1)}],
    }
    yield event("response.created", response={"id": f"r{number}"})
    yield from [event("response.output_text.delta", delta="x")] * 18
    yield event("response.output_item.done", item=answer)
    yield event("response.completed", response={"id": f"r{number}", "usage": counters(2_000 + number, 1_900)})
    yield b""


async def play(addon: CodexContinuity, number: int) -> None:
    """Play the hooks of one turn, as mitmproxy calls them."""
    flow = request(2 * number + 1)
    for hook in ("requestheaders", "request"):
        if waiting := getattr(addon, hook)(flow):
            await waiting
    flow.response = http.Response.make(200, b"", {"content-type": "text/event-stream"})
    flow.response.raw_content = None
    addon.responseheaders(flow)  # type: ignore[attr-defined]
    assert callable(flow.response.stream)
    for chunk in chunks(number):
        flow.response.stream(chunk)
    addon.response(flow)  # type: ignore[attr-defined]
    await asyncio.sleep(0)


async def test_a_warm_turn_takes_no_longer_way_than_the_architecture_page_says(tmp_path: Path) -> None:
    addon, walk, journal = CodexContinuity(), Walk(), tmp_path / "journal.jsonl"
    with taddons.context(addon) as context:
        context.configure(addon, codex_journal=str(journal), confdir=str(tmp_path))
        for number in range(1, 5):
            await play(addon, number)
        sys.setprofile(walk)
        try:
            await play(addon, 5)
        finally:
            sys.setprofile(None)

    assert [orjson.loads(line)["verdict"] for line in journal.read_bytes().splitlines()][-1] == "hit"
    assert sum(walk.moves.values()) <= MOVES, walk.moves.most_common(40)
    assert len(walk.modules) <= MODULES, sorted(walk.modules)
