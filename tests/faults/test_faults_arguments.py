"""What can be asked of the fault suite."""

from pathlib import Path

import pytest
from codex_faults.__main__ import parse
from codex_faults.catalogue import catalogue


def test_all_faults_are_triggered_unless_some_are_named() -> None:
    assert [fault.name for fault in parse([]).faults] == list(catalogue())


def test_faults_can_be_named_and_each_is_triggered_once() -> None:
    request = parse(["backend-429", "backend-401", "backend-429", "--out", "there"])

    assert [fault.name for fault in request.faults] == ["backend-429", "backend-401"]
    assert request.out == Path("there")


def test_the_short_profile_is_the_default() -> None:
    assert (parse([]).long, parse(["--long"]).long) == (False, True)


def test_an_unknown_fault_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["backend-418"])

    assert "there is no fault 'backend-418'" in capsys.readouterr().err


def test_the_faults_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["--list"])

    assert caught.value.code == 0
    assert capsys.readouterr().out.splitlines() == [f"{fault.name}: {fault.promise}" for fault in catalogue().values()]
