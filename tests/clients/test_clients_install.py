"""How the official clients are installed, with commands that install nothing."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from client_tests import install
from client_tests.install import Package

type Patch = pytest.MonkeyPatch
type Output = pytest.CaptureFixture[str]

SLOW = "import pathlib, sys, time; time.sleep(0.3); pathlib.Path(sys.argv[1], 'client').touch()"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(install, "CACHE", tmp_path)


def packaged(monkeypatch: Patch, folder: Path, script: str, *, required: bool = True) -> None:
    """Let there be one package, which this script installs into the folder that it is given."""
    package = Package(folder=folder, command=(sys.executable, "-c", script), required=required)
    monkeypatch.setattr(install, "PACKAGES", [package])


def test_two_at_once_install_it_once(tmp_path: Path, monkeypatch: Patch, capsys: Output) -> None:
    """The second says that it waits; and the first what will be there."""
    packaged(monkeypatch, tmp_path / "client-1", SLOW)
    with ThreadPoolExecutor(max_workers=2) as runs:
        for run in [runs.submit(install.main) for _ in range(2)]:
            run.result()

    said = capsys.readouterr()
    assert [each.name for each in (tmp_path / "client-1").iterdir()] == ["client"]
    assert said.out == (
        "All official clients are installed, once, below .cache/clients: about 2.7 GB.\n"
        "Installing client-1 (once) ...\n"
    )
    assert said.err == "Another scripts/test-clients is at work here; waiting for it ...\n"


def test_what_is_there_stays_and_nothing_is_said(tmp_path: Path, monkeypatch: Patch, capsys: Output) -> None:
    (tmp_path / "client-1").mkdir()
    packaged(monkeypatch, tmp_path / "client-1", "import sys; sys.exit(1)")
    install.main()

    assert capsys.readouterr().out == ""


def test_what_is_required_and_cannot_be_had_ends_it(tmp_path: Path, monkeypatch: Patch, capsys: Output) -> None:
    packaged(monkeypatch, tmp_path / "client-1", "import sys; sys.exit(1)")
    with pytest.raises(SystemExit, match=r"^Without these the official clients cannot be tested\.$"):
        install.main()

    assert "Could not be had, the lines above say why: client-1." in capsys.readouterr().out
    assert not (tmp_path / "client-1").exists()
