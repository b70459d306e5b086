"""How the clients are installed, with commands that install nothing."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from client_tests import install
from client_tests.install import Group, Package

type Patch = pytest.MonkeyPatch
type Output = pytest.CaptureFixture[str]

SLOW = "import pathlib, sys, time; time.sleep(0.3); pathlib.Path(sys.argv[1], 'client').touch()"
FAILS = "import sys; sys.exit(1)"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(install, "CACHE", tmp_path)
    monkeypatch.setattr(install, "PACKAGES", [])


def add_package(folder: Path, script: str, group: Group = "codex") -> None:
    """Add a package, which this script installs into the folder that it is given."""
    install.PACKAGES.append(Package(group, folder, (sys.executable, "-c", script)))


def test_two_at_once_install_it_once(tmp_path: Path, capsys: Output) -> None:
    """The second says that it waits."""
    add_package(tmp_path / "client-1", SLOW)
    with ThreadPoolExecutor(max_workers=2) as runs:
        for run in [runs.submit(install.main) for _ in range(2)]:
            run.result()

    said = capsys.readouterr()
    assert [each.name for each in (tmp_path / "client-1").iterdir()] == ["client"]
    assert said.out == "Installing client-1 (once) ...\n"
    assert said.err == "Another scripts/test-clients is at work here; waiting for it ...\n"


def test_what_is_there_stays_and_nothing_is_said(tmp_path: Path, capsys: Output) -> None:
    (tmp_path / "client-1").mkdir()
    add_package(tmp_path / "client-1", FAILS)
    install.main()

    assert capsys.readouterr().out == ""


def test_only_the_groups_that_are_asked_for_are_installed(tmp_path: Path) -> None:
    add_package(tmp_path / "client-1", SLOW, "node")
    add_package(tmp_path / "client-2", SLOW, "python")
    install.main("python")

    assert [folder.name for folder in tmp_path.iterdir() if folder.is_dir()] == ["client-2"]


def test_a_failed_installation_is_said_and_leaves_no_client(tmp_path: Path, capsys: Output) -> None:
    add_package(tmp_path / "client-1", FAILS)
    install.main()

    assert "so their tests are skipped: client-1." in capsys.readouterr().out
    assert not (tmp_path / "client-1").exists()


def test_an_installer_that_is_missing_is_said(tmp_path: Path, capsys: Output) -> None:
    install.PACKAGES.append(Package("node", tmp_path / "client-1", ("no-such-installer",)))
    install.main()

    assert "client-1: no-such-installer is not on this machine." in capsys.readouterr().err


def test_a_test_of_a_missing_client_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"^codex 0\.171\.0 is not installed"):
        install.codex("0.171.0")
