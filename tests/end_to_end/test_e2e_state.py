"""What lasts: a proxy that is started again, or another proxy, knows conversations and their latest turns."""

import itertools
from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from conftest import Network
from support.patience import until
from support.proxy import Proxy
from support.talks import counters, post
from support.upstream import Exchange, chunk, stream_head
from support.wire import event

_ids = itertools.count()


def said(number: int) -> list[Object]:
    """Return what the model says in a conversation's turn."""
    text = {"type": "output_text", "text": f"Here is what to do in step {number}."}
    call = {"type": "function_call", "call_id": f"call_{number:020}", "name": "f", "arguments": "{}"}
    return [call, {"type": "message", "role": "assistant", "content": [text]}]


def history(turns: int) -> list[Object]:
    items: list[Object] = [user("Fix the bug, please.")]
    for number in range(turns):
        output = {"type": "function_call_output", "call_id": f"call_{number:020}", "output": "done"}
        items += [*said(number), output, user(f"And now step {number + 1}?")]
    return items


def user(text: str) -> Object:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def answering(exchange: Exchange) -> None:
    """Answer a conversation's turn in its own words, with counters of a cache that has all but the latest items."""
    turn = len(orjson.loads(exchange.request.body)["input"]) // 4
    usage = counters(9_000 + 500 * turn, (9_000 + 500 * (turn - 1)) // 128 * 128 if turn else 0)
    events = [event("response.output_item.done", item=item) for item in said(turn)]
    ended = event("response.completed", response={"id": f"resp_{next(_ids)}", "usage": usage})
    await exchange.send(stream_head(), *(chunk(one) for one in (*events, ended)), chunk(b""))


class Team:
    """Proxies that use one store, and the journal that all of them write."""

    def __init__(self, net: Network, folder: Path) -> None:
        self._net, self.folder, self.journal = net, folder, folder / "journal.jsonl"

    async def proxy(self, **settings: Any) -> Proxy:
        settings = {"codex_state": str(self.folder / "state.sqlite"), "codex_journal": str(self.journal)} | settings
        proxy = await self._net.proxy(CodexContinuity(), **settings)
        return proxy

    def rows(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.journal.read_bytes().splitlines()] if self.journal.exists() else []

    async def send(self, proxy: Proxy, turn: int, *fields: tuple[str, str]) -> dict[str, Any]:
        """Send a turn with a session of its own, and return its row."""
        count = len(self.rows())
        new = fields or (("session_id", f"made-up-{next(_ids)}"),)
        await post(proxy, *new, input=history(turn), instructions="You are an agent. " * 500)
        await until(lambda: len(self.rows()) > count)
        return self.rows()[-1]


@pytest.fixture
def team(net: Network, tmp_path: Path) -> Team:
    return Team(net, tmp_path)


async def stop(proxy: Proxy) -> None:
    """Have a proxy end what its addons do at the end."""
    await proxy.master.addons.trigger_event(_done())


def _done() -> Any:
    from mitmproxy import hooks

    return hooks.DoneHook()


async def test_a_conversation_keeps_its_key_and_its_verdicts_over_a_restart(net: Network, team: Team) -> None:
    await net.upstream(answering)
    proxy = await team.proxy()
    rows = [await team.send(proxy, turn) for turn in (0, 1)]
    await stop(proxy)
    again = await team.proxy()
    rows += [await team.send(again, turn) for turn in (2, 3)]

    assert [row["verdict"] for row in rows] == ["cold", "hit", "hit", "hit"]
    assert len({row["key"] for row in rows}) == 1
    assert len({row["conversation"] for row in rows}) == 1
    assert (rows[2]["predecessor"], rows[2]["predecessor_run"]) == (2, rows[1]["run"])
