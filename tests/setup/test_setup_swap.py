"""An environment is whole, or it is the one of before."""

from pathlib import Path

import pytest
from codex_setup.swap import note, replaced, state_of


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment that is whole."""
    made(tmp_path / ".venv", "first")
    note(tmp_path / ".venv", "first")
    return tmp_path / ".venv"


def made(environment: Path, name: str) -> None:
    """Make an environment that is not said to be whole."""
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").write_text(name)


def name_of(environment: Path) -> str:
    return (environment / "bin" / "python").read_text()


def test_what_is_not_whole_has_no_state(tmp_path: Path) -> None:
    """None that is missing, none without its state, and none whose Python is gone."""
    assert state_of(tmp_path / "none") is None
    made(tmp_path / "half", "half")
    assert state_of(tmp_path / "half") is None
    note(tmp_path / "half", "whole")
    assert state_of(tmp_path / "half") == "whole"
    (tmp_path / "half" / "bin" / "python").unlink()
    assert state_of(tmp_path / "half") is None


def test_a_block_that_ends_well_replaces_it(environment: Path, tmp_path: Path) -> None:
    with replaced(environment, tmp_path / "aside"):
        assert not environment.exists()
        made(environment, "second")
        note(environment, "second")

    assert (name_of(environment), state_of(environment)) == ("second", "second")
    assert not (tmp_path / "aside" / "before").exists()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_does_not_brings_it_back(environment: Path, tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with replaced(environment, tmp_path / "aside"):
            made(environment, "second")
            raise error

    with pytest.raises(error):
        fail()
    assert (name_of(environment), state_of(environment)) == ("first", "first")
    assert list((tmp_path / "aside").iterdir()) == []


def test_one_that_was_replaced_just_before_a_kill_does_not_come_back(environment: Path, tmp_path: Path) -> None:
    """The new one was whole already; only the old one was still there."""
    made(tmp_path / "aside" / "before", "older")
    note(tmp_path / "aside" / "before", "older")

    def fail() -> None:
        with replaced(environment, tmp_path / "aside"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert name_of(environment) == "first"
