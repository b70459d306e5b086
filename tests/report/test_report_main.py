"""The report from the command line; a saved capture is reported on by the engine that explains live traffic."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import codexcache
import pytest
from codex_report.__main__ import main
from codexcache.report.aggregate import ReportData
from codexcache.report.captured import add_capture
from codexcache.report.conversations import put_together
from codexcache.report.load import is_capture
from support.html import Element, parsed
from support.journals import entry, lines, long_journal
from support.reported import FIRST, SECOND, capture, har, rows_of, saved
from support.saved import START

ROOT = Path(__file__).parents[2]


def page(name: str = "report.html") -> Element:
    return parsed(Path(name).read_text("utf-8"))


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def journal(name: str = "journal.jsonl", content: bytes = b"") -> str:
    """Return the name of a journal in this folder."""
    Path(name).write_bytes(content or lines([entry(1), entry(2)]))
    return name


def test_a_journal_becomes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([journal(), "-o", "page.html"]) == 0
    assert capsys.readouterr().out == "page.html: 2 turns in 1 conversation\n"
    assert page("page.html").one("h1").text == "Prompt cache report"


def test_journals_captures_and_hars_are_put_on_one_page(capsys: pytest.CaptureFixture[str]) -> None:
    paths = capture(Path(), FIRST, SECOND), har(Path(), FIRST, SECOND)

    assert main([journal(), *map(str, paths)]) == 0
    assert capsys.readouterr().out == "report.html: 6 turns in 3 conversations\n"
    assert "From journal.jsonl, capture.mitm, day.har, " in page().text
    odd = journal(b"caf\xe9.jsonl".decode("utf-8", "surrogateescape"))  # a name that is no text
    assert main([odd]) == 0
    assert "From caf?.jsonl, " in page().text


def test_what_was_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty journal among others does not stop it."""
    Path("empty.jsonl").touch()

    assert main([journal(content=lines([entry(1), entry(2)])[:-9]), "empty.jsonl"]) == 0
    assert capsys.readouterr().out == "report.html: 1 turn in 1 conversation; 1 line left out\n"


def test_without_any_turn_there_is_no_page_but_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """For a journal to which nothing was written yet, and a capture of other hosts."""
    Path("empty.jsonl").touch()
    path = capture(Path(), FIRST)

    assert main(["empty.jsonl", str(path), "--hosts", "other.example"]) == 1
    assert capsys.readouterr().err == (
        "scripts/report: there is no turn in empty.jsonl or capture.mitm. A journal gets a line at the end of each "
        "turn; of a capture, only turns to other.example count (--hosts).\n"
    )
    assert not Path("report.html").exists()


def test_a_damaged_capture_without_a_turn_is_said_to_be_damaged(capsys: pytest.CaptureFixture[str]) -> None:
    Path("cut.mitm").write_bytes(b"9:nothing")

    assert main(["cut.mitm"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("scripts/report: there is no turn in cut.mitm. ")
    assert said.endswith(" The capture cut.mitm cannot be read to its end; what came before counts.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere: No such file or directory."),
        (["."], ".: Is a directory."),
        (
            ["notes.txt"],
            "notes.txt: no line of it is an entry of a journal, and it is neither a capture of mitmproxy's nor a HAR.",
        ),
        (["journal.jsonl", "-o", "no/page.html"], "no/page.html: No such file or directory."),
        (["journal.jsonl", "-o", "notes.txt"], "notes.txt: there is a file of that name that is no report."),
        (
            ["capture.mitm", "--hosts", "a b"],
            "codex_hosts is 'a b', but it takes host names without scheme, port or path, separated by commas.",
        ),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    journal()
    journal("notes.txt", b"some notes\n")
    capture(Path(), FIRST)

    assert main(arguments) == 1
    assert capsys.readouterr().err == f"scripts/report: {sentence}\n"
    assert not Path("report.html").exists()


def test_2000_turns_as_a_program_of_its_own() -> None:
    journal(content=lines(long_journal()))
    environment = {"PYTHONPATH": f"{ROOT / 'scripts'}:{ROOT / 'addons'}"}
    found = subprocess.run(
        [sys.executable, "-m", "codex_report", "journal.jsonl"], env=environment, capture_output=True, check=True
    )

    assert found.stdout.startswith(b"report.html: 2,000 turns in ")


def reported(*paths: Path, hosts: str = "chatgpt.com") -> ReportData:
    """Return what these captures hold."""
    found = ReportData()
    for path in paths:
        add_capture(found, path, hosts)
    return found


def told(report_data: ReportData) -> list[tuple[float, str, int | None, int]]:
    """Return what is told of the turns of one conversation, apart from fingerprints, which depend on the file."""
    [conversation] = put_together(report_data, 1, 10)
    return [(row.time, details.because, row.cached, row.resent) for row, details, _ in conversation.turns]


def test_turns_are_explained_in_the_order_of_time(tmp_path: Path) -> None:
    found = reported(capture(tmp_path, SECOND, FIRST))

    assert [(row.time, row.input, row.cached, row.verdict) for row in rows_of(found)] == [
        (START, 9_000, 0, "cold"),
        (START + 40, 9_500, 0, "tools_changed"),
    ]
    assert len({row.conversation for row in rows_of(found)}) == 1
    assert found.notes == []


def test_a_har_is_explained_as_a_capture_is(tmp_path: Path) -> None:
    """A request in any coding is in it as plain text."""
    flow = saved(("one", "two", "three"), 9_900, 9_500, 60)
    flow.request.encode("zstd")
    flows = [each.copy() for each in (FIRST, SECOND, flow)]
    for each in flows:
        each.request.timestamp_start = each.request.timestamp_end or 0  # it keeps when a request began, not its end
    found, wanted = reported(har(tmp_path, *flows)), reported(capture(tmp_path, *flows))

    assert [row.verdict for row in rows_of(found)] == ["cold", "tools_changed", "hit"]
    assert told(found) == told(wanted)
    assert found.notes == []


def test_turns_of_a_har_that_overlapped_are_none_of_each_others_predecessors(tmp_path: Path) -> None:
    """Each was sent when its request began, although mitmproxy's reader has it end with its response."""
    found = reported(har(tmp_path, FIRST, saved(("one", "two"), 9_500, 0, 1)))

    assert [row.verdict for row in rows_of(found)] == ["cold", "cold"]


def test_a_har_that_is_damaged_counts_for_nothing(tmp_path: Path) -> None:
    """mitmproxy reads all of it or none."""
    path = har(tmp_path, FIRST)
    path.write_bytes(path.read_bytes()[:-2])
    found = reported(path)

    assert rows_of(found) == []
    assert found.notes == ["The capture day.har cannot be read to its end; what came before counts."]


def test_two_captures_are_two_starts_and_each_is_always_the_same(tmp_path: Path) -> None:
    one, other = capture(tmp_path, FIRST, name="one"), capture(tmp_path, FIRST, name="other")

    assert len({row.run for row in rows_of(reported(one, other))}) == 2
    assert rows_of(reported(one)) == rows_of(reported(one))


def test_other_hosts_are_left_out_unless_they_are_asked_for(tmp_path: Path) -> None:
    path = capture(tmp_path, saved(("one",), 9_000, 0, 0, host="example.com"))

    assert reported(path).turns == 0
    assert reported(path, hosts="example.com").turns == 1
    with pytest.raises(ValueError, match="codex_hosts"):
        reported(path, hosts="https://chatgpt.com/")


def cut(content: bytes) -> bytes:
    return content[:-100]


def without_a_part(content: bytes) -> bytes:
    """mitmproxy's reader raises a KeyError of its own there."""
    first, _, second = content.rpartition(b"9:websocket")
    return first + b"9:_ebsocket" + second


@pytest.mark.parametrize("damage", [cut, without_a_part])
@pytest.mark.parametrize(
    ("name", "shown"), [("capture.mitm", "capture.mitm"), ("\x1b[2J\u202e.mitm", "?[2J?.mitm")], ids=["plain", "odd"]
)
def test_a_capture_that_is_damaged_counts_as_far_as_it_goes(
    tmp_path: Path, damage: Callable[[bytes], bytes], name: str, shown: str
) -> None:
    """Its name is shown harmless."""
    path = capture(tmp_path, FIRST, SECOND, name=name)
    path.write_bytes(damage(path.read_bytes()))
    found = reported(path)

    assert len(rows_of(found)) == 1
    assert found.notes == [f"The capture {shown} cannot be read to its end; what came before counts."]


def test_a_capture_is_told_from_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(b'{"turn": 1}')

    assert is_capture(capture(tmp_path, FIRST))
    path = har(tmp_path, FIRST)
    assert is_capture(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert is_capture(path)
    assert not is_capture(journal)
    assert not is_capture(capture(tmp_path, name="empty"))


def test_all_other_modules_of_the_report_are_imported_without_mitmproxy() -> None:
    folder = Path(codexcache.__file__).parent
    modules = sorted({path.stem for path in (folder / "report").glob("*.py")} - {"__init__", "captured"})
    script = f"import sys; sys.modules['mitmproxy'] = None; from codexcache.report import {', '.join(modules)}"
    found = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(folder.parent)}, capture_output=True, check=False
    )

    assert (found.returncode, found.stderr.decode()) == (0, "")
