"""`scripts/lock`, with a uv that only writes down how it was called."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
UV = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$2 $*" in *"$REFUSES"*) echo "no wheel" >&2; exit 1 ;; esac
[ "$2" = compile ] || exit 0
while [ "$1" != -o ]; do shift; done
[ ! -e "$2" ] || echo "# known: $(cat "$2")" >&2
echo "new==1.0 --hash=sha256:00" >"$2"
"""


class Clone:
    """A clone with a uv of its own, which refuses what has certain words in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scripts").mkdir()
        for name in ("codex_lock", "codex_setup"):
            shutil.copytree(SCRIPTS / name, folder / "scripts" / name)
        for name in ("lock", "find-python"):
            shutil.copy(SCRIPTS / name, folder / "scripts")
        (folder / "requirements").mkdir()
        for name in ("test", "run"):
            (folder / "requirements" / f"{name}.txt").write_text(f"old {name}")
        (folder / "bin").mkdir()

    def run(self, *options: str, refuses: str = "nothing at all", has_uv: bool = True) -> tuple[int, str]:
        """Run it; return its status and all that was said."""
        programs = {"python3.14": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', **({"uv": UV} if has_uv else {})}
        for name, text in programs.items():
            (self.folder / "bin" / name).write_text(text)
            (self.folder / "bin" / name).chmod(0o755)
        for tool in ("dirname", "cat"):
            (self.folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
        environment = {"PATH": str(self.folder / "bin"), "CALLS": str(self.folder / "calls"), "REFUSES": refuses}
        command = [str(self.folder / "scripts" / "lock"), *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        return done.returncode, done.stdout + done.stderr

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def lock(self, name: str) -> str:
        return (self.folder / "requirements" / f"{name}.txt").read_text()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_both_locks_are_made_for_all_systems_with_hashes(clone: Clone) -> None:
    status, said = clone.run()

    assert status == 0
    assert "requirements/run.txt: 1 packages" in said
    assert clone.lock("run").endswith(
        "pip install --require-hashes -r requirements/run.txt\nnew==1.0 --hash=sha256:00\n"
    )
    test, run = (call for call in clone.calls if "compile" in call)
    assert "pyproject.toml --extra otel --extra dev --universal --python-version 3.12" in test
    assert "pyproject.toml --extra otel --universal" in run
    assert all("--generate-hashes" in call for call in (test, run))


def test_what_fits_stays_and_both_have_it_in_one_version(clone: Clone) -> None:
    """Each lock is made from the one before it."""
    said = clone.run()[1]

    assert "# known: old test" in said
    assert "# known: # Made by scripts/lock" in said


def test_newer_versions_are_taken_on_request(clone: Clone) -> None:
    clone.run("--upgrade-package", "x")

    assert [call.endswith("--upgrade-package x") for call in clone.calls if "compile" in call] == [True, False]


def test_every_python_and_system_is_asked_whether_both_fit(clone: Clone) -> None:
    clone.run()
    asked = [call for call in clone.calls if "--dry-run" in call]

    assert len(asked) == len(set(asked)) == 2 * 3 * 4
    assert all("--only-binary :all: --require-hashes" in call for call in asked)


def test_a_lock_that_does_not_fit_everywhere_is_not_put_in_place(clone: Clone) -> None:
    status, said = clone.run(refuses="--python-version 3.14 --python-platform aarch64-apple-darwin")

    assert status == 1
    assert "requirements/test.txt does not fit Python 3.14 on aarch64-apple-darwin: no wheel" in said
    assert said.endswith("The locks are as they were.\n")
    assert [clone.lock("test"), clone.lock("run")] == ["old test", "old run"]


def test_versions_that_do_not_fit_together_are_said(clone: Clone) -> None:
    status, said = clone.run(refuses="compile")

    assert status == 1
    assert "uv found no versions that fit together, or could not ask for them" in said
    assert [clone.lock("test"), clone.lock("run")] == ["old test", "old run"]


def test_without_uv_it_says_how_to_get_it(clone: Clone) -> None:
    status, said = clone.run(has_uv=False)

    assert status == 1
    assert (
        said == "scripts/lock needs uv, which is not on the PATH. Install it (pip install uv), then run this again.\n"
    )


def test_its_usage_needs_no_uv(clone: Clone) -> None:
    status, said = clone.run("--help", has_uv=False)

    assert status == 0
    assert said.startswith("usage: scripts/lock [-h] [--upgrade | --upgrade-package NAME]")
