"""`scripts/audit`: whom it asks in turn, and what it ends with."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from codex_audit import __main__ as program
from codex_audit.__main__ import ALLOWED, ROOT, main, read_allowed
from codex_audit.asking import Advisory, Answer, Broken

HOLE = Advisory(package="leaky 1.0", names=("GHSA-1",), fixed_in=())
UNKNOWING = Answer(database="it", asked=2, skipped=("leaky", "tight"), advisories=())
WELL = Answer(database="it", asked=2, skipped=(), advisories=())
HOLED = Answer(database="it", asked=2, skipped=(), advisories=(HOLE,))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with two locks and nothing allowed."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").write_text("leaky==1.0 \\\n    --hash=sha256:00\n")
    (tmp_path / "requirements" / "test.txt").write_text("leaky==1.0\ntight==2.0 ; sys_platform == 'win32'\n")
    (tmp_path / ALLOWED).write_text("")
    return tmp_path


def answering(monkeypatch: pytest.MonkeyPatch, **answers: Answer | Broken | None) -> list[tuple[str, dict[str, str]]]:
    """Let the databases give these answers; return what they are asked."""
    asked: list[tuple[str, dict[str, str]]] = []

    def answer(database: str, pins: Mapping[str, str]) -> Answer | None:
        asked.append((database, dict(pins)))
        given = answers[database]
        if isinstance(given, Broken):
            raise given
        return given

    monkeypatch.setattr(program, "ask", answer)
    return asked


def test_all_that_is_locked_is_asked_about_for_other_systems_too(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering(monkeypatch, osv=WELL)

    assert main([], clone) == 0
    assert asked == [("osv", {"leaky": "1.0", "tight": "2.0"})]
    assert capsys.readouterr().out == "2 locked packages were asked about at it: all is well.\n"


@pytest.mark.parametrize("first", [None, UNKNOWING])
def test_the_next_is_asked_where_the_first_knows_nothing(
    clone: Path, monkeypatch: pytest.MonkeyPatch, first: Answer | None
) -> None:
    asked = answering(monkeypatch, osv=first, pypi=HOLED)

    assert main([], clone) == 1
    assert [database for database, _ in asked] == ["osv", "pypi"]


def test_where_nobody_can_be_asked_it_says_so_and_does_not_fail(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, osv=None, pypi=UNKNOWING)

    assert main([], clone) == 0
    said = capsys.readouterr().out
    assert said.startswith("Not audited: ")
    assert "(OSV does not answer; the Python package index has no advisories where the index is read from)" in said


def test_an_allowed_one_does_not_fail(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clone / ALLOWED).write_text('GHSA-1 = "Nobody calls it."\n')
    answering(monkeypatch, osv=HOLED)

    assert main([], clone) == 0


def test_a_tool_that_does_not_work_fails_with_a_sentence(
    clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, osv=Broken("pip-audit did not work: oh"))

    assert main([], clone) == 1
    assert capsys.readouterr().err == "pip-audit did not work: oh\n"


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("--fix", 2)])
def test_a_question_or_a_strange_word_asks_nobody(
    argument: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        main([argument])

    assert (ended.value.code, asked) == (status, [])
    assert "usage: scripts/audit" in "".join(capsys.readouterr())


def test_nothing_is_allowed_without_a_reason(tmp_path: Path) -> None:
    (tmp_path / "allowed.toml").write_text('GHSA-1 = " "\n')

    with pytest.raises(ValueError, match="GHSA-1 needs a reason"):
        read_allowed(tmp_path / "allowed.toml")


def test_the_projects_own_list_can_be_read() -> None:
    assert all(read_allowed(ROOT / ALLOWED).values())
