"""All faults: each has its promise in the documentation, and can be asked for."""

import re
from pathlib import Path

import pytest
from codex_faults.__main__ import parse
from codex_faults.catalogue import catalogue
from codex_faults.clients import complete
from codex_faults.fault import LONG, SHORT, Fault

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
FAULTS = list(catalogue().values())


def test_each_fault_is_in_the_documentation_with_its_promise_and_nothing_else_is() -> None:
    section = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)

    assert rows == [(fault.name, fault.promise) for fault in FAULTS]
    assert "`./scripts/faults`" in section


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_name_makes_a_key_and_a_promise_is_one_sentence(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", fault.name)
    assert re.fullmatch(r"[A-Z][^|]+\.", fault.promise)
    assert ". " not in fault.promise
    assert len(complete(f"{fault.name}-00000").key) <= 64


def test_heavy_faults_are_repeated_less_often_and_all_of_them_more_often_in_the_long_profile() -> None:
    light, heavy = catalogue()["backend-401"], catalogue()["many-streams"]

    assert (SHORT.repeats(light), SHORT.repeats(heavy)) == ((5, 15), (4, 2))
    assert (LONG.repeats(light), LONG.repeats(heavy)) == ((50, 300), (6, 10))
    assert LONG.parallel == 1000


def test_all_faults_are_triggered_in_the_short_profile_unless_asked_for_otherwise() -> None:
    named = parse(["backend-429", "backend-401", "backend-429", "--out", "there", "--long"])

    assert (parse([]).faults, parse([]).long) == (FAULTS, False)
    assert [fault.name for fault in named.faults] == ["backend-429", "backend-401"]
    assert (named.out, named.long) == (Path("there"), True)


def test_an_unknown_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["backend-418"])

    assert "there is no fault 'backend-418'" in capsys.readouterr().err


def test_the_faults_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse(["--list"])

    assert capsys.readouterr().out.splitlines() == [f"{fault.name}: {fault.promise}" for fault in FAULTS]
