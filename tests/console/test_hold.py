"""Turns that are held before they leave, through a real proxy: look, edit, resume, kill."""

import asyncio
import time
from typing import Any

import h11
import orjson
import pytest
from codexcache.body.json_splice import Json
from codexcache.console.hold import HELD
from codexcache.hooks.notify import turn_summaries
from conftest import Network
from mitmproxy import exceptions, http
from support.patience import until
from support.proxy import Proxy
from support.sockets import Peer, Recorder, opened, talking
from support.talks import Listed, asked, counting, counting_frames, flows, post, verdicts
from support.upstream import Upstream
from support.wire import frame, spelled

SESSION = ("session-id", "s")
OTHER_TOOLS: list[Json] = [{"type": "function", "name": "shell", "description": "another"}]
TOOLS: list[Json] = [{"type": "function", "name": "shell", "description": "one"}]
PREDICTED = "tools_changed: tool shell was edited"


async def send(proxy: Proxy, *texts: str, **members: Any) -> int:
    return (await post(proxy, SESSION, input=asked(*texts), **members)).status


async def first_then_held(
    net: Network, intercept: str = "miss"
) -> tuple[Proxy, Upstream, http.HTTPFlow, "asyncio.Task[int]"]:
    """Have one turn pass and a second, whose tools differ, be held."""
    upstream = await net.upstream(counting((9000, 0), (9500, 8900)))
    proxy = await net.proxy(Listed(), codex_intercept=intercept)
    await send(proxy, "one", tools=TOOLS)
    task = asyncio.create_task(send(proxy, "one", "two", tools=OTHER_TOOLS))
    await until(lambda: len(flows(proxy)) == 2 and flows(proxy)[1].intercepted)
    return proxy, upstream, flows(proxy)[1], task


@pytest.mark.parametrize("intercept", ["miss", "tools_changed", "idle, tools_changed"])
async def test_a_turn_that_is_heading_for_a_miss_is_held_says_why_and_counts_from_when_it_is_resumed(
    net: Network, intercept: str
) -> None:
    """Its summary is there to be looked at until it leaves as it was; the time of waiting is no time of the turn."""
    _, upstream, held, task = await first_then_held(net, intercept)

    arrived = held.request.timestamp_end or 0.0
    assert held.comment == f"held, heading for {PREDICTED}"
    assert held.metadata[HELD]["verdict"] == "tools_changed"
    assert len(upstream.requests) == 1

    await until(lambda: time.time() > arrived + 0.05)
    held.resume()

    assert await task == 200
    assert orjson.loads(upstream.last.body)["tools"] == OTHER_TOOLS
    (summary,) = turn_summaries(held)
    assert (verdicts(held), held.comment.partition(":")[0], summary["edited"]) == (["hit"], "hit", False)
    assert held.request.timestamp_end == summary["sent_at"]
    assert float(str(summary["sent_at"])) >= arrived + 0.05
    assert HELD not in held.metadata


async def test_a_held_turn_says_so_at_once_and_is_found_like_a_miss(
    net: Network, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    proxy, _, held, task = await first_then_held(net)

    assert [message for message in caplog.messages if message.startswith("Turn held: ")]
    assert "Resume and Abort" in held.metadata[HELD]["releasing"]
    proxy.master.commands.call("codex.nextmiss")
    assert proxy.master.addons.get("view").focus.flow is held
    assert proxy.master.commands.call("codex.why", held).startswith("held, heading for tools_changed\n")
    held.resume()
    await task


async def test_what_is_edited_while_it_is_held_is_what_counts(net: Network) -> None:
    """Here the tools are put right: no difference is left to tell of."""
    _, upstream, held, task = await first_then_held(net)
    held.request.text = (held.request.text or "").replace("another", "one")
    held.resume()
    await task

    assert orjson.loads(upstream.last.body)["tools"] == TOOLS
    assert turn_summaries(held)[0]["changes"] == []
    assert turn_summaries(held)[0]["edited"] is True
    assert verdicts(held) == ["hit"]


async def test_what_is_no_turn_any_more_keeps_the_record_of_what_it_was_and_the_users_comment(net: Network) -> None:
    """It leaves as the user wants it."""
    _, upstream, held, task = await first_then_held(net)
    held.request.text, held.comment = "[1]", "mine"
    held.resume()
    await task

    assert (upstream.last.body, held.comment) == (b"[1]", "mine")
    assert turn_summaries(held)[0]["changes"] == ["tools_changed"]


async def test_what_is_killed_never_leaves_and_the_client_is_told(net: Network) -> None:
    """mitmproxy by itself would let the client wait for ever."""
    _, upstream, held, task = await first_then_held(net)
    held.kill()

    with pytest.raises(h11.RemoteProtocolError):
        await asyncio.wait_for(task, 3)
    assert len(upstream.requests) == 1
    assert held.error is not None
    await until(lambda: verdicts(held) == ["no_usage"])
    assert turn_summaries(held)[-1]["ended"] == "cancelled"


@pytest.mark.parametrize(
    ("intercept", "tools"),
    [("", OTHER_TOOLS), ("cold", OTHER_TOOLS), ("model_changed", OTHER_TOOLS), ("miss", TOOLS)],
)
async def test_turns_that_are_heading_elsewhere_pass(net: Network, intercept: str, tools: list[Json]) -> None:
    """Or nowhere, as one that only appends."""
    await net.upstream(counting((9000, 0), (9500, 9000)))
    proxy = await net.proxy(Listed())
    await send(proxy, "one", tools=TOOLS)
    proxy.master.options.update(codex_intercept=intercept)

    assert await send(proxy, "one", "two", tools=tools) == 200


async def test_a_turn_that_is_tried_again_is_not_held(net: Network) -> None:
    """As with mitmproxy's own intercept: who replays a turn wants it to leave."""
    proxy, upstream, held, task = await first_then_held(net)
    held.resume()
    await task
    await until(lambda: not held.live)
    proxy.master.commands.call("replay.client", [held])
    await until(lambda: len(upstream.requests) == 3)

    assert not held.intercepted


async def test_without_a_list_of_flows_nothing_can_be_held(net: Network) -> None:
    """mitmdump could not resume it."""
    with pytest.raises(exceptions.OptionsError, match="codex_intercept needs mitmproxy or mitmweb"):
        await net.proxy(codex_intercept="miss")


async def test_a_frame_is_held_edited_and_let_go(net: Network) -> None:
    recorder, answer = Recorder(), counting_frames((9000, 0), (9500, 9000))

    async def both(peer: Peer) -> None:
        recorder.peer = peer
        await answer(peer)

    await net.upstream(talking(both))
    proxy = await net.proxy(Listed(), codex_intercept="miss")
    async with opened(proxy, [SESSION]) as peer:
        await peer.ask(frame(input=asked("one"), tools=TOOLS))
        await peer.receive()
        await peer.send(frame(input=asked("one", "two"), tools=OTHER_TOOLS))
        await until(lambda: flows(proxy) and flows(proxy)[0].intercepted)
        held = flows(proxy)[0]
        assert held.websocket is not None
        message = held.websocket.messages[-1]

        assert held.comment == f"held, heading for {PREDICTED}"
        assert len(recorder.messages) == 1

        message.content = message.content.replace(b"another", b"one")
        held.resume()
        await peer.receive()
        await peer.receive()
        await until(lambda: len(turn_summaries(held)) == 2)

    assert orjson.loads(recorder.messages[1])["tools"] == TOOLS
    assert verdicts(held) == ["cold", "hit"]
    assert turn_summaries(held)[1]["changes"] == []
    assert turn_summaries(held)[1]["sent_at"] == message.timestamp


async def test_a_frame_that_is_killed_never_leaves_and_the_socket_is_closed(net: Network) -> None:
    """mitmproxy by itself would send it on."""
    usage = {"input_tokens": 9000, "input_tokens_details": {"cached_tokens": 0}}
    recorder = await net.recorder(spelled({"type": "response.completed", "response": {"usage": usage}}).decode())
    proxy = await net.proxy(Listed(), codex_intercept="miss")
    async with opened(proxy, [SESSION]) as peer:
        await peer.ask(frame(input=asked("one"), tools=TOOLS))
        await peer.send(frame(input=asked("one", "two"), tools=OTHER_TOOLS))
        await until(lambda: flows(proxy) and flows(proxy)[0].intercepted)
        held = flows(proxy)[0]
        held.kill()

        assert await asyncio.wait_for(peer.receive(), 3) == ""
    await until(lambda: len(turn_summaries(held)) == 2)

    assert len(recorder.messages) == 1
    assert verdicts(held) == ["cold", "no_usage"]
    assert [turn["ended"] for turn in turn_summaries(held)] == ["completed", "cancelled"]
