"""What a person sees of repair: the page of a turn, the summary, the report, and the two commands."""

from pathlib import Path

import pytest
from codexcache.output.terminal import Summary
from codexcache.report.aggregate import ReportData
from codexcache.report.page import render
from conftest import Network
from mitmproxy import exceptions
from support.agents import SESSION, TOOLS, Agent, Running, clock, running
from support.talks import Listed, flows
from support.turns import NATIVE


async def talked(net: Network, folder: Path, turns: int = 3) -> Running:
    """Return a proxy through which a turn and some repaired ones have passed."""
    it = await running(net, folder, addon=Listed())
    agent = Agent(it.proxy)
    for minute in range(turns):
        await agent.ask(tools=TOOLS[::-1] if minute else TOOLS, instructions=clock(3 * minute))
    return it


async def test_the_page_shows_the_client_against_what_was_forwarded(net: Network, tmp_path: Path) -> None:
    it = await talked(net, tmp_path)
    page = str(it.proxy.master.commands.call("codex.why", flows(it.proxy)[-1]))
    saved = it.journal[-1]["saved_tokens"]

    assert "client     list, grep, bash, write, read" in page
    assert "forwarded  read, write, bash, grep, list" in page
    assert "client     10:06" in page
    assert "forwarded  10:00" in page
    assert f"would have re-sent {saved:,} tokens" in page


async def test_what_a_text_said_does_not_stay_with_the_flow(net: Network, tmp_path: Path) -> None:
    """A flow can be saved, and what it carries is content-free."""
    it = await talked(net, tmp_path)

    assert "10:06" not in str(flows(it.proxy)[-1].metadata)


async def test_the_report_adds_up_what_was_saved(net: Network, tmp_path: Path) -> None:
    it = await talked(net, tmp_path)
    saved = sum(entry["saved_tokens"] for entry in it.journal[1:])
    data = ReportData()
    data.add_lines((tmp_path / "journal.jsonl").read_bytes().splitlines())

    assert (data.repaired, data.saved) == (2, saved)
    assert f"2 turns were repaired (codex_repair), which saved {saved:,} tokens" in render(data, "test")
    assert f"2 turns repaired, which saved {saved:,} tokens" in str(it.proxy.master.commands.call("codex.status"))


async def test_a_conversation_is_listed_and_can_be_released(net: Network, tmp_path: Path) -> None:
    it = await talked(net, tmp_path)
    names, row = it.proxy.master.commands.call("codex.repairs")
    listed = dict(zip(names, row, strict=True))
    assert listed["conversation"] == it.journal[0]["conversation"]
    assert listed["repairs"] == "spelling, tool_order, volatile"
    assert listed["repaired"] == "2"

    it.proxy.master.commands.call("codex.release", listed["conversation"])
    agent = Agent(it.proxy)
    agent.history = it.sent[-1]["input"]
    await agent.ask(tools=TOOLS[1:] + TOOLS[:1], instructions=clock(9))

    assert it.tools[-1] == [each["name"] for each in (*TOOLS[1:], *TOOLS[:1])]
    assert (
        "spelling, tool_order, volatile over: it was released by hand"
        in it.proxy.master.commands.call("codex.repairs")[1][-1]
    )


async def test_all_of_a_conversation_is_released_also_where_repair_began_in_it_twice(
    net: Network, tmp_path: Path
) -> None:
    """Repair begins again behind a turn that was the official client's; the turns before it can still be continued."""
    it = await running(net, tmp_path, addon=Listed())
    agent, fork = Agent(it.proxy), Agent(it.proxy)
    await agent.ask(SESSION, tools=TOOLS)
    fork.history = [*agent.history]
    await agent.ask(SESSION, *NATIVE.items(), tools=TOOLS)
    await agent.ask(SESSION, tools=TOOLS)
    conversation = it.journal[0]["conversation"]
    assert [row[0] for row in it.proxy.master.commands.call("codex.repairs")[1:]] == [conversation] * 2

    it.proxy.master.commands.call("codex.release", conversation)
    for each in (agent, fork):
        await each.ask(SESSION, tools=TOOLS[::-1])

    assert it.repaired == [[], None, [], [], []]
    assert it.tools[3:] == [[each["name"] for each in TOOLS[::-1]]] * 2


async def test_there_is_nothing_to_list_or_release_where_nothing_is_held(net: Network, tmp_path: Path) -> None:
    it = await running(net, tmp_path, "", addon=Listed())

    with pytest.raises(exceptions.CommandError, match="codex_repair is not set"):
        it.proxy.master.commands.call("codex.repairs")
    with pytest.raises(exceptions.CommandError, match="There is no conversation 'x'"):
        it.proxy.master.commands.call("codex.release", "x")


def test_a_summary_without_repairs_says_nothing_of_them() -> None:
    assert not any("repaired" in line for line in Summary().lines())
