"""The soak's command line: its options, exit status, what it prints, and the file that it leaves."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from codex_soak import __main__ as program
from codex_soak.phases import Broken
from codex_soak.promises import Counters, Observed
from support.observed import SENT, observed

type Main = Callable[..., int]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Main:
    """The program, with what a soak has observed, or an error, in the soak's place."""

    def run(*, blocks: float = 0, breaks: bool = False, supported: bool = True) -> int:
        async def phases(*arguments: Any) -> tuple[Observed, Counters]:
            if breaks:
                raise Broken("conversation 7 over http/2 broke: a sentence")
            counters = Counters()
            counters.turns.update(SENT)
            counters.events.update({"turn": 2_000, "resume": 31, "branch": 7})
            return observed(blocks=blocks), counters

        monkeypatch.setattr("codex_soak.phases.run", phases)
        monkeypatch.setattr("toolkit.meter.is_supported", lambda: supported)
        monkeypatch.setattr(sys, "argv", ["soak", "--out", str(tmp_path)])
        return program.main()

    return run


def test_promises_that_were_kept_are_a_success_with_each_sample_in_the_file(main: Main, tmp_path: Path) -> None:
    assert main() == 0

    document = orjson.loads((tmp_path / "soak.json").read_bytes())
    assert (document["format"], len(document["quiet"])) == (program.FORMAT, 40)
    assert {promise["kept"] for promise in document["promises"]} == {True}
    assert document["turns"][0] == {"endpoint": "responses", "transport": "http", "status": 200, "count": 1_990}


def test_a_broken_promise_is_a_failure_and_stands_out(
    main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(blocks=5) == 1

    lines = capsys.readouterr().out.splitlines()
    verdicts = [line.split()[0] for line in lines if line.startswith(("kept", "BROKEN"))]
    assert lines[1].endswith("2,000 turns; 7 branch, 31 resume.")
    assert "    1,990  responses over http, answered with 200" in lines
    assert verdicts == [*["kept"] * 3, "BROKEN", *["kept"] * 4]
    assert program.NOTE.splitlines()[-1] in lines
    assert (tmp_path / "soak.json").exists()


def test_a_line_on_the_way_has_the_figures_of_its_sample() -> None:
    shown = program.progress(observed().after).split()

    assert shown[:3] == ["20.0", "s", "2,000"]
    assert [shown[4], shown[6], shown[8], shown[10]] == ["100.0", "400,000", "8", "2"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"breaks": True}, "The soak did not finish: conversation 7 over http/2 broke: a sentence"),
        ({"supported": False}, "which only Linux has"),
    ],
)
def test_a_soak_that_cannot_be_finished_says_why(
    wrong: dict[str, bool], sentence: str, main: Main, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(**wrong) == 1
    assert sentence in capsys.readouterr().err


def test_the_short_profile_is_the_default_and_an_unknown_option_ends_the_program() -> None:
    assert (program.parse([]).long, program.parse(["--long"]).long) == (False, True)
    with pytest.raises(SystemExit):
        program.parse(["--forever"])
