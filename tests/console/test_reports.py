"""The command that makes a page of this session's turns."""

from pathlib import Path

import pytest
from codexcache.body.json_splice import Object
from codexcache.console.commands import Commands
from codexcache.console.hold import Hold
from codexcache.console.lookup import Lookup
from codexcache.console.view import CacheView
from codexcache.hooks.notify import Notifier, RecentLines
from codexcache.hooks.state import State
from codexcache.hooks.store import StateStore
from codexcache.output.journal import line_of
from conftest import Network
from mitmproxy import exceptions
from mitmproxy.types import Path as PathArgument
from support.html import Element, parsed
from support.journals import entry, long_journal
from support.talks import Listed, asked, counting, post


def commands_on(recent: RecentLines) -> Commands:
    notifier = Notifier(state := State())
    notifier.recent = recent
    return Commands(state, notifier, Hold(state, notifier), CacheView(Lookup(state)), StateStore(state))


def reports_on(*entries: Object, limit: int = 5_000) -> Commands:
    """Return the commands after turns with these entries."""
    recent = RecentLines(limit)
    for each in entries:
        recent.count += 1
        recent.lines.append(line_of(each))
    return commands_on(recent)


def written(reports: Commands, path: Path) -> Element:
    """Return the page that the command writes."""
    reports.report(PathArgument(str(path)))
    return parsed(path.read_text("utf-8"))


async def test_the_turns_of_a_session_become_a_page_with_the_names_that_they_have_elsewhere(
    net: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await net.upstream(counting((9_000, 0), (9_500, 8_960)))
    proxy = await net.proxy(Listed())
    for texts in (("one",), ("one", "two")):
        await post(proxy, ("session-id", "s"), input=asked(*texts))
    proxy.master.commands.call_strings("codex.report", [str(tmp_path / "page.html")])
    page = parsed((tmp_path / "page.html").read_text("utf-8"))

    [first, _] = proxy.master.addons.get("view")
    name = first.metadata["codex"][0]["conversation"]
    assert page.one("span", "name").text == f"conversation {name}"
    assert page.one("p", "source").text.startswith("From this session, ")
    assert [turn.one("title").text.split(", ")[1].split(" ")[0] for turn in page.all("g", "turn")] == ["cold", "hit"]
    assert f"A report on 2 turns is in {tmp_path / 'page.html'}." in caplog.messages


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
