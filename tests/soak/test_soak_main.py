"""The soak's command line: its options, exit status, what it says, and the file that it leaves."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codex_soak import __main__ as program
from codex_soak.counters import Counters
from codex_soak.runner import Broken
from support.observed import SENT, observed

type Main = Callable[..., int]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Main:
    """The program, with what a soak has observed, or an error, in the soak's place."""

    def run(*, blocks: float = 0, breaks: bool = False, supported: bool = True) -> int:
        async def phases(*arguments: Any) -> tuple[object, Counters]:
            if breaks:
                raise Broken("conversation 7 over http/2 broke: a sentence")
            counters = Counters()
            counters.turns.update(SENT)
            return observed(blocks=blocks), counters

        monkeypatch.setattr("codex_soak.phases.run", phases)
        monkeypatch.setattr("toolkit.meter.is_supported", lambda: supported)
        monkeypatch.setattr(sys, "argv", ["soak", "--out", str(tmp_path)])
        return program.main()

    return run


def test_promises_that_were_kept_are_a_success(main: Main, tmp_path: Path) -> None:
    assert main() == 0
    assert {promise["kept"] for promise in orjson.loads((tmp_path / "soak.json").read_bytes())["promises"]} == {True}


def test_a_broken_promise_is_a_failure_with_its_file(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(blocks=5) == 1
    assert "BROKEN  no object is left by a turn" in capsys.readouterr().out
    assert (tmp_path / "soak.json").exists()


def test_a_soak_that_does_not_finish_says_why(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(breaks=True) == 1
    assert "The soak did not finish: conversation 7 over http/2 broke: a sentence" in capsys.readouterr().err


def test_a_system_that_cannot_be_asked_is_named(main: Main, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(supported=False) == 1
    assert "which only Linux has" in capsys.readouterr().err


def test_the_short_profile_is_the_default() -> None:
    assert (program.parse([]).long, program.parse(["--long"]).long) == (False, True)


def test_an_unknown_option_ends_the_program() -> None:
    with pytest.raises(SystemExit):
        program.parse(["--forever"])
