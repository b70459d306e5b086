"""The command line of the package, and the wheel that holds it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import codex_cli
import pytest
from toolkit.program import ADDON, SCRIPTS

ROOT = Path(__file__).parents[2]
COMMANDS = ("run", "explain", "report", "status", "demo", "addon")


def test_without_a_command_all_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert codex_cli.main([]) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines() if line.startswith("  ")] == [*COMMANDS]


def test_the_addons_path_is_printed_for_mitmdump(capsys: pytest.CaptureFixture[str]) -> None:
    assert codex_cli.main(["addon"]) == 0
    assert capsys.readouterr().out == f"{ADDON}\n"


def test_the_addon_command_has_a_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert codex_cli.main(["addon", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: codex-continuity addon\n")

    assert codex_cli.main(["addon", "surplus"]) == 2
    assert capsys.readouterr().out == "", "nothing that mitmdump could take for a path"


def test_what_is_no_command_is_named_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert codex_cli.main(["rum"]) == 2
    assert "there is no command 'rum'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a wheel of this checkout puts into site-packages, made without a network."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("addons", "scripts"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = source.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def test_the_wheel_has_every_package_of_the_addon_with_its_files(installed: Path) -> None:
    def files(folder: Path) -> set[str]:
        found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        return {str(path) for path in found if "__pycache__" not in path.parts}

    assert files(installed / "codexcache") == files(ROOT / "addons" / "codexcache")


def test_the_wheel_has_every_package_that_a_command_needs(installed: Path) -> None:
    commands = installed / "codex_continuity_commands"
    for folder in commands.iterdir():
        assert {path.name for path in folder.glob("*.py")} == {
            path.name for path in (SCRIPTS / folder.name).glob("*.py")
        }
    assert {package for package, _ in codex_cli._COMMANDS.values()} <= {folder.name for folder in commands.iterdir()}


def test_the_wheel_puts_nothing_else_where_others_have_packages(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    assert tops == {"codex_continuity.py", "codexcache", "codex_continuity_commands"}


@pytest.mark.parametrize("words", [[name, "--help"] for name in COMMANDS if name != "addon"])
def test_each_command_starts_where_it_is_installed(installed: Path, words: list[str], tmp_path: Path) -> None:
    ended = _called(installed, tmp_path, *words)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"codex-continuity {words[0]}" in ended.stdout, "that is what to type there"


def test_the_installed_addon_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    assert _called(installed, tmp_path, "addon").stdout == f"{installed / 'codex_continuity.py'}\n"


def test_the_installed_demo_shows_that_the_addon_makes_the_difference(installed: Path, tmp_path: Path) -> None:
    ended = _called(installed, tmp_path, "demo")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "of its warm input tokens from the cache without the addon" in ended.stdout


def _modules(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.py")}


def _called(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call the entry point as the command does that pip makes, with nothing of this checkout to be found."""
    entry = "import sys; from codex_continuity_commands.codex_cli import main; sys.exit(main())"
    environment = {"PYTHONPATH": str(installed), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", entry, *words]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
