"""The commands and the view as mitmweb's own page uses them, over HTTP, and the page of a session's turns."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Object
from codexcache.console.commands import Commands
from codexcache.console.hold import Hold
from codexcache.console.lookup import Lookup
from codexcache.console.view import CacheView
from codexcache.hooks.kept_bodies import KeptBodies
from codexcache.hooks.notify import Notifier, RecentLines, turn_summaries
from codexcache.hooks.state import State
from codexcache.hooks.store import StateStore
from codexcache.output.journal import line_of
from conftest import Network
from embedded_backend.certificates import Authority
from mitmproxy import exceptions, flowfilter, http
from mitmproxy.addons.view import View
from mitmproxy.log import ALERT
from mitmproxy.test import taddons
from mitmproxy.types import Path as PathArgument
from support.console import pretend_console
from support.html import Element, parsed
from support.journals import entry, long_journal
from support.patience import until
from support.proxy import Proxy, route, watched
from support.sockets import opened, talking
from support.talks import SECRETS, Listed, asked, counting, counting_frames, flows, post, verdicts
from support.webs import Web, running_web
from support.wire import frame

SESSION = ("session-id", "s")
TOOLS = [{"type": "function", "name": "shell", "description": "Today is 2026-11-20."}]
LATER = [{"type": "function", "name": "shell", "description": "Today is 2026-11-21."}]
CODEX_VIEW = "codex%20cache"


async def send(proxy: Proxy, *texts: str, **members: Any) -> None:
    await post(proxy, SESSION, *SECRETS, input=asked(*texts), **members)


async def a_hit_and_a_miss(proxy: Proxy) -> list[http.HTTPFlow]:
    """Have three turns: the beginning, one that only appends, one whose tools differ."""
    await send(proxy, "one", tools=TOOLS)
    await send(proxy, "one", "two", tools=TOOLS)
    await send(proxy, "one", "two", "three", tools=LATER)
    await until(lambda: [verdicts(flow) for flow in flows(proxy)] == [["cold"], ["hit"], ["tools_changed"]])
    return flows(proxy)


COUNTERS = ((9000, 0), (9500, 9000), (9900, 0))


@pytest.fixture
async def web(net: Network, monkeypatch: pytest.MonkeyPatch, confdir: Path, authority: Authority) -> AsyncIterator[Web]:
    """mitmweb, with a backend behind it."""
    await net.upstream(counting(*COUNTERS))
    route(monkeypatch, net.ports)
    async with running_web(CodexContinuity(), confdir=confdir, upstream_ca=authority.ca_file) as running:
        yield running


async def test_why_tells_of_a_flow_and_the_view_shows_the_same_in_the_page(web: Web) -> None:
    """The verdict, the counters, both sides of the first difference with the token named, and what to do.

    The view is found by its name, and JSON stays what is shown by itself.
    """
    flow = (await a_hit_and_a_miss(web.proxy))[2]
    said = (await web.command("codex.why", f"@{flow.id}"))["value"]

    assert said.startswith("miss: tools_changed\ntool shell differs only in a date\n")
    assert "First difference in tools[0].description,\n  from character 18 on: a date or time" in said
    assert "  both   Today is 2026-11-2\n  was  ▸ 0.\n  now  ▸ 1.\n" in said
    assert "What to do\n" in said
    shown = await web.shown(flow.id, "request", CODEX_VIEW)
    assert (shown["text"], shown["view_name"]) == (said, "Codex cache")
    assert (await web.shown(flow.id, "request", "auto"))["view_name"] == "JSON"
    assert (await web.shown(flow.id, "response", "auto"))["view_name"] == "Raw"


async def test_tables_come_as_rows(web: Web) -> None:
    await a_hit_and_a_miss(web.proxy)
    turns = (await web.command("codex.turns"))["value"]
    (_, conversation) = (await web.command("codex.conversations"))["value"]

    assert [[row[0], *row[4:]] for row in turns[1:]] == [
        ["1", "9,000", "0", "0%", "cold", ""],
        ["2", "9,500", "9,000", "95%", "hit", ""],
        ["3", "9,900", "0", "0%", "miss: tools_changed", "tool shell differs only in a date"],
    ]
    assert conversation[2:8] == ["3", "1", "28,400", "9,000", "32%", "9,500"]


async def test_two_flows_are_compared_and_two_turns_by_their_numbers(web: Web) -> None:
    first, _, third = await a_hit_and_a_miss(web.proxy)
    said = (await web.command("codex.diff", f"@{first.id}", f"@{third.id}"))["value"]

    assert said.startswith("was  turn 1 · gpt-5.5 · 9,000 tokens · cold\nnow  turn 3 · ")
    assert "  - tools_changed: tool shell differs only in a date" in said
    assert "Of the first turn's 1 item, 1 is the same at the start of the second." in said
    assert await web.command("codex.diff.turns", "1", "3") == {"value": said}
    assert await web.command("codex.diff.turns", "1", "4") == {
        "error": "There is no turn 4 here; codex.turns lists them."
    }


async def test_without_a_flow_the_latest_turn_is_told_of_and_compared_with_its_predecessor(web: Web) -> None:
    """mitmweb does not know what its page has in focus."""
    _, second, third = await a_hit_and_a_miss(web.proxy)

    assert await web.command("codex.why") == await web.command("codex.why", f"@{third.id}")
    compared = await web.command("codex.diff.turns", "2", "3")
    assert await web.command("codex.diff.turns") == await web.command("codex.diff.turns", "3") == compared
    assert compared == await web.command("codex.diff", f"@{second.id}", f"@{third.id}")
    assert await web.command("codex.diff.turns", "1") == {
        "error": "There is nothing to compare: turn 1 has no predecessor."
    }


async def test_in_the_console_the_focused_turn_is_told_of(net: Network) -> None:
    await net.upstream(counting(*COUNTERS))
    proxy = await net.proxy(Listed())
    first, second, third = await a_hit_and_a_miss(proxy)
    pretend_console(proxy.master, 80)
    call = proxy.master.commands.call
    for focused in (second, third):
        proxy.master.addons.get("view").focus.flow = focused

        assert call("codex.why") == call("codex.why", focused)
    assert call("codex.diff.turns") == call("codex.diff.turns", 2, 3)
    call("view.flows.remove", [first, second, third])
    with pytest.raises(exceptions.CommandError, match="No turn has finished yet"):
        call("codex.why")


async def test_the_next_miss_is_found_again_and_again(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    """From the end on to the beginning, as a search does."""
    first, _, third = await a_hit_and_a_miss(web.proxy)
    view = web.proxy.master.addons.get("view")
    caplog.set_level(ALERT)
    for focused in (first, third):
        view.focus.flow = focused

        assert await web.command("codex.nextmiss") == {"value": None}
        assert view.focus.flow is third
    told = [record.getMessage() for record in caplog.records if record.levelno == ALERT]
    assert [each[-9:] for each in told] == [" (1 of 1)"] * 2


async def test_the_status_tells_how_the_addon_is_set_and_what_it_saw(web: Web) -> None:
    await a_hit_and_a_miss(web.proxy)
    web.proxy.master.options.update(codex_mode="pin")
    said = (await web.command("codex.status"))["value"]

    assert "\nmode      pin\nhosts     chatgpt.com\noptions   codex_mode=pin\n" in said
    assert "3 turns in 1 conversation" in said
    assert "\nlearned   nothing\nstate     off: what is known is lost with the process\n" in said
    assert said.endswith("held now  0\nfaults    none\nwarnings  none")


async def test_the_status_tells_what_the_turns_have_shown(web: Web) -> None:
    await send(web.proxy, "one")
    await send(web.proxy, "another")
    await until(lambda: [verdicts(flow) for flow in flows(web.proxy)] == [["cold"], ["cold"]])
    said = (await web.command("codex.status"))["value"]

    assert "\nlearned   keys with several conversations: 1 (2 conversations on one)\nstate " in said


async def test_flows_are_exported_without_credentials(web: Web, tmp_path: Path) -> None:
    (path := tmp_path / "x.mitm").touch(0o644)  # which others could read
    await a_hit_and_a_miss(web.proxy)
    said = (await web.command("codex.export", "@all", str(path)))["value"]

    assert said.startswith(f"Wrote 3 flows to {path}, without credentials in header fields.")
    assert "still hold the prompts" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"credential-1" not in path.read_bytes()


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        ("codex.turns", (), "No turn has finished yet."),
        ("codex.conversations", (), "No turn has finished yet."),
        ("codex.nextmiss", (), "There is no miss in the list."),
        ("codex.why", (), "No turn has finished yet."),
        ("codex.diff.turns", (), "No turn has finished yet."),
        ("codex.why", ("@all",), "Command requires one flow, specification matched 0."),
        ("codex.export", ("@all", "/nowhere/x"), "/nowhere/x cannot be written: No such file or directory."),
    ],
)
async def test_a_command_that_can_do_nothing_says_why(
    web: Web, command: str, arguments: tuple[str, ...], expected: str
) -> None:
    assert await web.command(command, *arguments) == {"error": expected}


async def test_a_flow_without_turns_has_nothing_to_tell(web: Web) -> None:
    await post(web.proxy, path="/backend-api/codex/models", text=b"{}")
    (flow,) = flows(web.proxy)
    expected = "This flow has no turn of the Codex backend, or none that has finished."

    assert await web.command("codex.why", f"@{flow.id}") == {"error": expected}
    assert await web.command("codex.diff", f"@{flow.id}", f"@{flow.id}") == {"error": expected}
    assert (await web.shown(flow.id, "request", CODEX_VIEW))["text"].startswith("This is not a turn")


async def test_names_can_be_called_over_http(web: Web) -> None:
    """mitmweb takes small letters and dots only; each command says what it does."""
    commands = (await web.client.get("/commands")).json()
    ours = {name: command["help"] for name, command in commands.items() if name.startswith("codex.")}

    names = ("why", "diff", "diff.turns", "turns", "conversations", "nextmiss", "status", "export")
    assert set(ours) >= {f"codex.{name}" for name in names}
    assert all(text.endswith(".") for text in ours.values())


async def test_a_predecessor_whose_body_cannot_be_read_or_whose_flow_is_gone_is_reported(web: Web) -> None:
    """All that the summary knows is still there."""
    _, second, third = await a_hit_and_a_miss(web.proxy)
    second.request.content = b"[]"
    unread = (await web.command("codex.why", f"@{third.id}"))["value"]
    compared = await web.command("codex.diff", f"@{second.id}", f"@{third.id}")
    web.proxy.master.commands.call("view.flows.remove", [second])
    gone = (await web.command("codex.why", f"@{third.id}"))["value"]

    assert "First difference: a body cannot be read: " in unread
    assert compared["error"].startswith("There is nothing to compare: a body cannot be read: ")
    assert "First difference: the flow of the predecessor, turn 2, is gone." in gone
    assert "  - tools_changed: tool shell differs only in a date" in gone


async def test_a_turn_that_is_tried_again_is_a_turn_like_any_other(web: Web) -> None:
    """Its flow shows how it went the last time, and both times on its page."""
    *_, third = await a_hit_and_a_miss(web.proxy)
    third.request.text = (third.request.text or "").replace("2026-11-21", "2026-11-20")
    key = third.request.headers["session-id"]
    await until(lambda: not third.live)
    await web.command("replay.client", f"@{third.id}")
    await until(lambda: len(turn_summaries(third)) == 2)

    assert verdicts(third) == ["tools_changed", "no_usage"]  # this backend had three answers
    assert (third.comment.partition(":")[0], third.marked) == ("no_usage", ":x:")
    assert third.request.headers["session-id"] == key
    assert turn_summaries(third)[1]["changed"] == []
    said = (await web.command("codex.why", f"@{third.id}"))["value"]
    assert said.startswith("no_usage\n")
    assert "\nmiss: tools_changed\n" in said
    assert "turn 3 was tried again, and its flow holds the later body." in said


async def test_a_websockets_messages_show_their_turns(net: Network) -> None:
    """A frame that is a turn has its page, with the delta taken for the whole prompt that it stands for."""
    await net.upstream(talking(counting_frames((9000, 0), (9500, 0))))
    listed = Listed()
    proxy = await net.proxy(listed)
    async with opened(proxy, [SESSION]) as peer:
        await peer.ask(frame(input=asked("one"), tools=TOOLS))
        await peer.receive()
        await peer.ask(frame(input=asked("two"), tools=LATER, previous_response_id="resp_1"))
        await peer.receive()
    (flow,) = flows(proxy)
    await until(lambda: verdicts(flow) == ["cold", "tools_changed"])
    said = proxy.master.commands.call("codex.why", flow)

    assert said.startswith("miss: tools_changed\n")
    assert "\ncold\n" in said
    assert "input[1] to input[2], 2 items" in said
    assert "First difference in tools[0].description,\n  from character 18 on: a date or time" in said


async def test_where_there_is_no_list_of_flows_commands_still_answer(net: Network) -> None:
    """As in mitmdump, for other addons."""
    await net.upstream(counting(*COUNTERS))
    proxy = await net.proxy()
    seen = watched(proxy).flows
    await send(proxy, "one")
    await until(lambda: verdicts(seen[0]))

    assert len(proxy.master.commands.call("codex.turns")) == 2
    with pytest.raises(exceptions.CommandError, match="There is no list of flows here"):
        proxy.master.commands.call("codex.nextmiss")


async def test_the_console_has_its_tables_aligned(net: Network) -> None:
    """It gives all columns of a table one width. Text is laid out for its popup."""
    await net.upstream(counting(*COUNTERS))
    proxy = await net.proxy(Listed())
    pretend_console(proxy.master, 160)
    await send(proxy, "one")
    await until(lambda: verdicts(flows(proxy)[0]))
    rows = proxy.master.commands.call("codex.turns")

    assert [len(row) for row in rows] == [1, 1]
    assert rows[1][0].split()[-1] == "cold"
    assert max(len(line) for line in proxy.master.commands.call("codex.status").split("\n")) <= 88
    assert isinstance(view := proxy.master.addons.get("view"), View)
    *_, (hint,) = proxy.master.commands.call("codex.conversations")
    shown = hint.removeprefix("To list the turns of one: q, f and ")
    assert flowfilter.match(shown, view[0])
    assert not flowfilter.match("~meta 000000000000", view[0])


def reports_on(*entries: Object, limit: int = 5_000) -> Commands:
    """Return the commands after turns with these entries."""
    recent = RecentLines(limit)
    for each in entries:
        recent.count += 1
        recent.lines.append(line_of(each))
    return commands_on(recent)


def commands_on(recent: RecentLines) -> Commands:
    notifier = Notifier(state := State())
    notifier.recent = recent
    return Commands(
        state, notifier, Hold(state, notifier), CacheView(Lookup(state)), StateStore(state), KeptBodies(state)
    )


def written(reports: Commands, path: Path) -> Element:
    """Return the page that the command writes."""
    with taddons.context():
        reports.report(PathArgument(str(path)))
    return parsed(path.read_text("utf-8"))


async def test_the_turns_of_a_session_become_a_page_with_the_names_that_they_have_elsewhere(
    net: Network, tmp_path: Path
) -> None:
    await net.upstream(counting((9_000, 0), (9_500, 8_960)))
    proxy = await net.proxy(Listed())
    for texts in (("one",), ("one", "two")):
        await post(proxy, ("session-id", "s"), input=asked(*texts))
    said = proxy.master.commands.call_strings("codex.report", [str(tmp_path / "page.html")])
    page = parsed((tmp_path / "page.html").read_text("utf-8"))

    [first, _] = proxy.master.addons.get("view")
    name = first.metadata["codex"][0]["conversation"]
    assert page.one("span", "name").text == f"conversation {name}"
    assert page.one("p", "source").text.startswith("From this session, ")
    assert [turn.one("title").text.split(", ")[1].split(" ")[0] for turn in page.all("g", "turn")] == ["cold", "hit"]
    assert said == f"A report on 2 turns is in {tmp_path / 'page.html'}."


async def test_without_a_path_the_page_is_in_the_current_folder_which_is_said(
    net: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await net.upstream(counting((9_000, 0)))
    proxy = await net.proxy(Listed())
    await post(proxy, ("session-id", "s"), input=asked("one"))
    await until(lambda: verdicts(flows(proxy)[0]))

    assert proxy.master.commands.call_strings("codex.report", []) == (
        f"A report on 1 turn is in {tmp_path / 'codex-cache-report.html'}."
    )
    assert parsed((tmp_path / "codex-cache-report.html").read_text("utf-8")).all("g", "turn")


def test_a_warm_up_is_no_turn_to_report_on(tmp_path: Path) -> None:
    reports = reports_on(entry(1, warm_up=True, verdict="warm_up"), entry(2))
    with taddons.context():
        said = reports.report(PathArgument(str(tmp_path / "page.html")))

    assert said.startswith("A report on 1 turn is in ")


def test_there_is_nothing_to_report_on_before_the_first_turn(tmp_path: Path) -> None:
    with pytest.raises(exceptions.CommandError, match="no turn to report on yet"):
        written(reports_on(), tmp_path / "page.html")


@pytest.mark.parametrize(
    ("name", "reason"), [("no/page.html", "No such file"), ("", "Is a directory"), ("notes.txt", "no report")]
)
def test_a_page_that_cannot_be_written_is_said(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("some notes")

    with pytest.raises(exceptions.CommandError, match=reason):
        written(reports_on(entry(1)), tmp_path / name)


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with taddons.context():
        reports_on(entry(1)).report(PathArgument("~/page.html"))

    assert (tmp_path / "page.html").exists()


def test_of_a_long_session_the_latest_turns_are_kept(tmp_path: Path) -> None:
    page = written(reports_on(*long_journal(40), limit=10), tmp_path / "page.html")

    assert len(page.all("g", "turn")) == 10
    note = "30 earlier turns of this session are not kept any more; codex_journal keeps all."
    assert page.one("p", "note").text == note


def test_a_page_can_be_made_again(tmp_path: Path) -> None:
    recent = RecentLines()
    reports = commands_on(recent)
    for number in (1, 2):
        recent.lines.append(line_of(entry(number)))
        page = written(reports, tmp_path / "page.html")

        assert len(page.all("g", "turn")) == number
