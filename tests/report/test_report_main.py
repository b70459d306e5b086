"""The report from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest
from codex_report.__main__ import main
from support.html import Element, parsed
from support.journals import entry, lines, long_journal
from support.reported import FIRST, SECOND, capture, har

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
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
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
