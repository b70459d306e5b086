"""The program: its exit status, what it says, and the files that it leaves."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codex_soak import __main__ as program
from codex_soak.crowd import Ended
from codex_soak.tally import Tally
from support.soaked import SENT, soaked

type Main = Callable[..., int]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Main:
    """The program, with a soak that has already been seen or an error in its place."""

    def run(*, blocks: float = 0, breaks: bool = False, supported: bool = True) -> int:
        async def course(*arguments: Any) -> tuple[object, Tally]:
            if breaks:
                raise Ended("conversation 7 over http/2 broke: a sentence")
            tally = Tally()
            tally.turns.update(SENT)
            return soaked(blocks=blocks), tally

        monkeypatch.setattr("codex_soak.course.run", course)
        monkeypatch.setattr("codex_bench.meter.is_supported", lambda: supported)
        monkeypatch.setattr(sys, "argv", ["soak", "--out", str(tmp_path)])
        return program.main()

    return run


def test_promises_that_were_kept_are_a_success(main: Main, tmp_path: Path) -> None:
    assert main() == 0
    assert {promise["kept"] for promise in orjson.loads((tmp_path / "soak.json").read_bytes())["promises"]} == {True}
    assert (tmp_path / "soak.svg").read_text().startswith("<svg")


def test_a_promise_that_was_broken_is_a_failure_with_its_files(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(blocks=5) == 1
    assert "BROKEN  no object is left by a turn" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == ["soak.json", "soak.svg"]


def test_a_soak_that_comes_to_no_end_says_why(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(breaks=True) == 1
    assert "The soak came to no end: conversation 7 over http/2 broke: a sentence" in capsys.readouterr().err


def test_a_system_that_cannot_be_asked_is_named(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(supported=False) == 1
    assert "which only Linux has" in capsys.readouterr().err
