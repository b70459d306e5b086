"""Turns that are repaired on their way through the proxy, and all those that are not."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from codexcache.addon import CodexContinuity
from codexcache.wire.content_encoding import decode
from conftest import Network
from embedded_backend.rules import Break
from mitmproxy import hooks, http
from mitmproxy.net import encoding
from support.agents import LONG, SESSION, TOOLS, Agent, clock, running, say
from support.sockets import opened
from support.talks import post
from support.turns import NATIVE
from support.wire import COMPACT, body, said

NAMES = [str(each["name"]) for each in TOOLS]


async def test_tools_that_come_in_another_order_each_turn_are_read_from_the_cache(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    for _ in range(4):
        await agent.ask()

    assert it.verdicts == ["cold", *["hit"] * 4]
    assert it.tools == [NAMES] * 5
    assert it.repaired == [[], *[["tool_order"]] * 4]
    assert all("tools" in entry["changed"] for entry in it.journal[1:])
    assert all(entry["saved_tokens"] > 1_000 for entry in it.journal[1:])
    assert "without tool_order" in str(it.journal[1]["because"])


async def test_a_clock_stands_still_for_the_model(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    for minute in range(4):
        await agent.ask(tools=TOOLS, instructions=clock(minute))

    assert [sent["instructions"] for sent in it.sent] == [clock(0)] * 4
    assert it.verdicts == ["cold", "hit", "hit", "hit"]
    assert it.repaired[1:] == [["volatile"]] * 3


async def test_other_bytes_of_the_same_tools_leave_as_before(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path, "spelling")
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    await agent.ask(tools=[dict(reversed(each.items())) for each in TOOLS])

    first, second = (orjson.dumps(sent["tools"]) for sent in it.sent)
    assert first == second
    assert (it.verdicts, it.repaired) == (["cold", "hit"], [[], ["spelling"]])


async def test_all_other_bytes_are_the_clients(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS, prompt_cache_key="k")
    history = [*agent.history, agent.question()]
    odd = body(tools=TOOLS[::-1], instructions=LONG, input=history, prompt_cache_key="k", odd=0)
    odd = odd.replace(b'"odd":0', b'"odd" :\t1.50e+1 , "big":12345678901234567890123')
    await post(it.proxy, SESSION, text=odd)

    spelled = orjson.dumps(TOOLS)
    assert it.backend.received[-1].content == odd.replace(orjson.dumps(TOOLS[::-1]), spelled)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_an_encoded_body_leaves_in_its_encoding(net: Network, tmp_path: Path, coding: str) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    text = body(tools=TOOLS[::-1], instructions=LONG, input=[*agent.history, agent.question()])
    packed = encoding.encode(text, coding)
    await post(it.proxy, SESSION, ("Content-Encoding", coding), ("Content-Digest", "sha-256=:x:"), text=packed)

    received = it.backend.received[-1]
    assert received.header("content-encoding") == coding
    assert [each["name"] for each in orjson.loads(decode(received.body, coding, 1 << 20))["tools"]] == NAMES
    assert received.header("content-digest") is None
    assert {"content-digest", "tools"} <= {*it.journal[-1]["changed"]}


async def test_a_compaction_is_repaired_as_any_turn(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS, instructions=clock(0))
    assert await agent.ask(path=COMPACT, instructions=clock(5)) == 200

    assert (it.sent[-1]["instructions"], it.tools[-1]) == (clock(0), NAMES)
    assert {*it.repaired[-1]} == {"tool_order", "volatile"}
    assert it.journal[-1]["endpoint"] == "compact"


async def test_whole_frames_and_deltas_are_repaired(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    async with opened(it.proxy, [SESSION]) as peer:
        opener: list[Any] = [{"role": "user", "content": "Fix the bug, please."}]
        one = await say(peer, tools=TOOLS, instructions=clock(0), input=opener)
        more = [{"role": "user", "content": "And then?"}]
        response = one["response"]
        two = await say(peer, tools=TOOLS[::-1], instructions=clock(7), input=more, previous_response_id=response["id"])
        whole = [*opener, *response["output"], *more, *two["response"]["output"], {"role": "user", "content": "?"}]
        await say(peer, tools=[*TOOLS[2:], *TOOLS[:2]], instructions=clock(9), input=whole)

    assert it.tools == [NAMES] * 3
    assert [sent["instructions"] for sent in it.sent] == [clock(0)] * 3
    assert it.sent[1]["input"] == more
    assert it.verdicts == ["cold", "hit", "hit"]
    assert [{*each} for each in it.repaired] == [set(), {"tool_order", "volatile"}, {"tool_order", "volatile"}]
    assert all(entry["saved_tokens"] > 1_000 for entry in it.journal[1:])


async def test_tools_that_the_input_carries_leave_as_before(net: Network, tmp_path: Path) -> None:
    def carried(*tools: object) -> dict[str, object]:
        space = {"type": "namespace", "name": "files", "description": "Files.", "tools": list(tools[:3])}
        return {"type": "additional_tools", "role": "developer", "tools": [*tools[3:], space]}

    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    agent.history.append(carried(*TOOLS))
    await agent.ask(SESSION, tools=[{"type": "web_search"}])
    agent.history[0] = carried(*TOOLS[2::-1], *TOOLS[:2:-1])
    await agent.ask(SESSION, tools=[{"type": "web_search"}])

    assert it.sent[1]["input"][0] == it.sent[0]["input"][0]
    assert (it.repaired[-1], it.journal[-1]["changed"][-1]) == (["tool_order"], "input")


async def test_nothing_is_repaired_where_no_repair_is_named(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path, "")
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    await agent.ask(tools=TOOLS[::-1])
    await agent.ask(tools=TOOLS[1:] + TOOLS[:1])

    assert it.tools == [NAMES, NAMES[::-1], NAMES[1:] + NAMES[:1]]
    assert it.repaired == [None] * 3
    assert str(it.journal[1]["because"]).endswith("; codex_repair=tool_order would have prevented it")
    assert str(it.journal[2]["because"]).endswith("would have prevented it, as 1 more miss today")
    assert it.journal[1]["preventing"] == ["tool_order"]


async def test_nothing_is_repaired_in_observe(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path, codex_mode="observe")
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert it.tools == [NAMES, NAMES[::-1]]
    assert it.repaired == [None, None]
    assert "codex_repair" not in str(it.journal[1]["because"])


OFFICIAL = [
    {},
    {"user-agent": "codex_cli_rs/0.171.0 (Debian 12.0.0; x86_64) xterm", "version": "0.171.0"},
    {"user-agent": "an_app/0.171.0 (Mac OS 26.1.0; arm64) unknown (an_app; 3.2.1)", "version": "0.171.0"},
    {"user-agent": "codex_cli_rs/0.171.0 (Debian 12.0.0; x86_64) xterm"},
    {"version": "0.120.0"},
]
"""Header fields that the official client has, by itself, behind an app server, and where it sends one of the two."""


@pytest.mark.parametrize("more", OFFICIAL)
async def test_the_official_client_is_left_alone(net: Network, tmp_path: Path, more: dict[str, str]) -> None:
    it = await running(net, tmp_path)
    agent, native = Agent(it.proxy), (*NATIVE.items(), *more.items(), SESSION)
    await agent.ask(*native, tools=TOOLS, prompt_cache_key="s")
    await agent.ask(*native, tools=TOOLS[::-1], prompt_cache_key="s")

    assert it.tools == [NAMES, NAMES[::-1]]
    assert it.repaired == [None, None]
    assert "codex_repair" not in str(it.journal[1]["because"])


async def test_a_program_that_names_another_version_with_the_marks_is_repaired(net: Network, tmp_path: Path) -> None:
    """As oh-my-pi 18.2.3 does."""
    it = await running(net, tmp_path)
    agent, marked = Agent(it.proxy), (*NATIVE.items(), ("user-agent", "omp/18.2.3"), ("version", "0.153.0"), SESSION)
    await agent.ask(*marked, tools=TOOLS, prompt_cache_key="s")
    await agent.ask(*marked, tools=TOOLS[::-1], prompt_cache_key="s")

    assert it.tools == [NAMES, NAMES]
    assert it.repaired == [[], ["tool_order"]]


async def test_conversations_that_look_alike_do_not_mend_each_other(net: Network, tmp_path: Path) -> None:
    """Neither by an equal opening, nor where another answer follows on it."""
    it = await running(net, tmp_path)
    one, other = Agent(it.proxy), Agent(it.proxy)
    await one.ask(tools=TOOLS)
    await other.ask(tools=TOOLS[::-1])
    other.history[1:] = [{"role": "assistant", "content": "An answer that this proxy has never seen pass."}]
    await other.ask(tools=TOOLS[1:] + TOOLS[:1])

    assert it.tools == [NAMES, NAMES[::-1], NAMES[1:] + NAMES[:1]]
    assert it.repaired == [[], [], []]


async def test_nothing_is_repaired_behind_a_turn_that_failed(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    it.backend.breaks.add("s", Break(ending="failed"))
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    agent.history[1:] = []
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert it.tools == [NAMES, NAMES[::-1]]
    assert it.repaired[-1] == []


async def test_a_removed_tool_ends_it_for_the_turn_and_is_said(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    await agent.ask(tools=TOOLS[:0:-1])
    await agent.ask(tools=TOOLS[1:])

    assert it.tools == [NAMES, NAMES[:0:-1], NAMES[:0:-1]]
    assert it.repaired == [[], [], ["tool_order"]]
    assert "tool read does not come again as it was" in str(it.journal[1]["because"])


class Editor:
    """An addon that edits the first turn of a conversation."""

    def __init__(self, **members: Any) -> None:
        self._members = members

    def request(self, flow: http.HTTPFlow) -> None:
        document = orjson.loads(flow.request.content or b"{}")
        if len(document.get("input", ())) == 1:
            flow.request.content = orjson.dumps({**document, **self._members})


class Followed:
    """The addon, and another one behind it."""

    def __init__(self, other: object) -> None:
        self.addons = [CodexContinuity(), other]


async def test_a_turn_whose_prompt_another_addon_edits_afterwards_is_no_predecessor(
    net: Network, tmp_path: Path
) -> None:
    it = await running(net, tmp_path, addon=Followed(Editor(tools=TOOLS[1:])))
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert it.tools == [NAMES[1:], NAMES[::-1]]
    assert it.repaired == [[], []]


async def test_what_another_addon_edits_besides_the_prompt_does_not_matter(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path, addon=Followed(Editor(include=["reasoning.encrypted_content"])))
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert it.tools == [NAMES, NAMES]
    assert it.repaired == [[], ["tool_order"]]


async def test_after_a_restart_the_repair_begins_with_the_next_turn_and_says_so(net: Network, tmp_path: Path) -> None:
    """The store holds no prompt."""
    state = str(tmp_path / "state.sqlite")
    it = await running(net, tmp_path, codex_state=state)
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    await it.proxy.master.addons.trigger_event(hooks.DoneHook())
    again = await running(net, tmp_path, codex_state=state, backend=it.backend)
    agent.proxy = again.proxy
    await agent.ask(tools=TOOLS[::-1])
    await agent.ask(tools=TOOLS)

    assert again.tools == [NAMES, NAMES[::-1], NAMES[::-1]]
    assert "Repair begins with the next turn" in str(again.journal[1]["because"])
    assert again.repaired == [[], [], ["tool_order"]]
    assert b"Look at the tests" not in (tmp_path / "state.sqlite").read_bytes()


async def test_a_refusal_of_a_repaired_turn_ends_the_repair_and_is_said(
    net: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    it.backend.breaks.add("s", Break(status=400))
    assert await agent.ask(SESSION, tools=TOOLS[::-1]) == 400
    agent.history.pop()
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert it.tools == [NAMES, NAMES, NAMES[::-1]]
    assert it.repaired == [[], ["tool_order"], []]
    assert [line for line in said(caplog) if line.startswith("codex_repair: tool_order has ended")] != []


@pytest.mark.parametrize("given", ["tool_sort", "tool_order,clock"])
async def test_an_unknown_repair_stops_the_start_with_a_sentence(net: Network, tmp_path: Path, given: str) -> None:
    with pytest.raises(Exception, match=r"codex_repair is .* but it takes some of tool_order, spelling, volatile"):
        await running(net, tmp_path, given)


async def test_a_fault_in_repair_costs_no_turn(
    net: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a fault")

    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(tools=TOOLS)
    monkeypatch.setattr("codexcache.repair.service.plan_repair", fail)
    await agent.ask(tools=TOOLS[::-1])

    assert it.tools == [NAMES, NAMES[::-1]]
    assert it.sent[1]["prompt_cache_key"] == it.sent[0]["prompt_cache_key"]
    assert [line for line in said(caplog) if "KeyError" in line and "repairing a turn" in line] != []
    assert it.repaired == [[], None]


async def test_what_was_repaired_before_a_compaction_is_repaired_behind_it(net: Network, tmp_path: Path) -> None:
    """A compaction that sends no tools takes nothing away from what is cached."""
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    compacted = orjson.loads(body(input=agent.history, instructions=LONG))
    text = orjson.dumps({name: compacted[name] for name in ("model", "input", "instructions")})
    answer = await post(it.proxy, SESSION, path=COMPACT, text=text)
    agent.history = orjson.loads(answer.body)["output"]
    await agent.ask(SESSION, tools=TOOLS[::-1])

    assert [each["name"] for each in it.sent[-1]["tools"]] == NAMES
    assert it.repaired[-1] == ["tool_order"]


async def test_an_imitator_is_repaired_from_the_turn_on_that_follows_its_recognition(
    net: Network, tmp_path: Path
) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    for turn in range(5):
        ids = (("thread-id", f"t{turn}"), ("session_id", f"s{turn}"), ("user-agent", "imitator/1.0"))
        await agent.ask(*ids, prompt_cache_key=f"k{turn}", tools=TOOLS[turn:] + TOOLS[:turn])

    assert it.repaired == [None, None, [], ["tool_order"], ["tool_order"]]
    assert it.tools[2:] == [NAMES[2:] + NAMES[:2]] * 3
    assert it.verdicts[3:] == ["hit", "hit"]


async def test_a_retry_of_a_turn_that_was_refused_is_repaired_by_the_turn_before(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    it.backend.breaks.add("s", Break(status=503))
    await agent.ask(SESSION, tools=TOOLS[::-1])
    agent.history.pop()
    await agent.ask(SESSION, tools=TOOLS[2:] + TOOLS[:2])

    assert it.tools == [NAMES] * 3
    assert it.verdicts == ["cold", "rejected", "hit"]


async def test_another_model_begins_with_its_own_bytes(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS[::-1], model="gpt-6-luna")
    await agent.ask(SESSION, tools=TOOLS, model="gpt-6-luna")

    assert it.tools == [NAMES, NAMES[::-1], NAMES[::-1]]
    assert it.repaired == [[], [], ["tool_order"]]


async def test_a_sentence_behind_a_compaction_says_which_turn_is_the_predecessor(net: Network, tmp_path: Path) -> None:
    """The compaction proves the conversation, but what is cached is what the latest turn sent."""
    it = await running(net, tmp_path)
    agent = Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    compacted = {"model": "gpt-5.5", "input": agent.history, "instructions": LONG, "tools": TOOLS}
    answer = await post(it.proxy, SESSION, path=COMPACT, text=orjson.dumps(compacted))
    agent.history = orjson.loads(answer.body)["output"]
    await agent.ask(SESSION, tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS[:0:-1])
    await agent.ask(SESSION, tools=TOOLS[1:])
    await agent.ask(SESSION, tools=TOOLS[1:], model="gpt-6-luna")
    await agent.ask(SESSION, tools=TOOLS[:0:-1], model="gpt-6-luna")

    assert it.tools[3:] == [NAMES[:0:-1], NAMES[:0:-1], NAMES[1:], NAMES[1:]]
    assert it.repaired[3:] == [[], ["tool_order"], [], ["tool_order"]]


async def test_a_fork_that_goes_on_in_sentences_is_repaired_by_its_own_turns(net: Network, tmp_path: Path) -> None:
    """What both have in common is proven by a call; what follows on it are messages."""
    it = await running(net, tmp_path)
    agent, fork = Agent(it.proxy), Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    compacted = {"model": "gpt-5.5", "input": agent.history, "instructions": LONG, "tools": TOOLS}
    answer = await post(it.proxy, SESSION, path=COMPACT, text=orjson.dumps(compacted))
    agent.history, fork.history = orjson.loads(answer.body)["output"], orjson.loads(answer.body)["output"]
    await agent.ask(SESSION, tools=TOOLS)
    fork.question()
    await fork.ask(SESSION, tools=TOOLS[1:])
    await fork.ask(SESSION, tools=TOOLS[:0:-1])

    assert it.tools[3:] == [NAMES[1:], NAMES[1:]]
    assert it.repaired[3:] == [[], ["tool_order"]]
