"""The command that makes a page of this session's turns."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from codexcache.causes.finding import Finding
from codexcache.console.reports import Reports
from codexcache.proxy.core import Core
from codexcache.proxy.onlookers import Onlookers
from codexcache.wire.document import Object
from codexcache.words.journal import line_of
from conftest import Network
from mitmproxy import exceptions
from mitmproxy.types import Path as PathArgument
from support.html import Element, parsed
from support.journals import entry, long_journal
from support.talks import Listed, asked, counting, post


def told(*entries: Object, onlookers: bool = True, most: int = 5_000) -> Reports:
    """Return the addon after it was told of turns with these entries."""
    core = Core()
    core.onlookers = cast(Onlookers, SimpleNamespace(present=onlookers))
    reports = Reports(core, lambda finding: line_of(cast(Object, finding)), most)
    for each in entries:
        reports.keep(cast(Finding, each))
    return reports


def written(reports: Reports, path: Path) -> Element:
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


@pytest.mark.parametrize(
    ("name", "reason"), [("no/page.html", "No such file"), ("", "Is a directory"), ("notes.txt", "no report")]
)
def test_a_page_that_cannot_be_written_is_said(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("some notes")

    with pytest.raises(exceptions.CommandError, match=reason):
        written(told(entry(1)), tmp_path / name)


def test_of_a_long_session_the_latest_turns_are_kept(tmp_path: Path) -> None:
    page = written(told(*long_journal(40), most=10), tmp_path / "page.html")
    note = "30 earlier turns of this session are not kept any more; codex_journal keeps all."

    assert len(page.all("g", "turn")) == 10
    assert page.one("p", "note").text == note


def test_a_page_can_be_made_again_and_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    reports: Any = told(entry(1))
    reports.report(PathArgument("~/page.html"))
    reports.keep(entry(2))

    assert len(parsed((tmp_path / "page.html").read_text("utf-8")).all("g", "turn")) == 1
    assert len(written(reports, tmp_path / "page.html").all("g", "turn")) == 2


@pytest.mark.parametrize("entries", [[], [entry(1)]], ids=["before the first turn", "where nobody could ask for it"])
def test_there_is_nothing_to_report_on(tmp_path: Path, entries: list[Object]) -> None:
    with pytest.raises(exceptions.CommandError, match=r"There is no turn to report on yet\."):
        written(told(*entries, onlookers=False), tmp_path / "page.html")
