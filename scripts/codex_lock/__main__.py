"""Makes the locks from pyproject.toml: `scripts/lock`."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from codex_setup import locks

ROOT = Path(__file__).resolve().parents[2]

_SYSTEMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
_OLDEST = ".".join(map(str, locks.PYTHONS[0]))
_HEADER = """\
# Made by scripts/lock from pyproject.toml: the dependencies and {extras}. Do not edit.
# To install it: pip install --require-hashes -r {lock}
"""
_NO_UV = "scripts/lock needs uv, which is not on the PATH. Install it (pip install uv), then run this again."


def main(options: Sequence[str]) -> int:
    """Make the locks, and put them in place if all of them can be installed everywhere; return the exit status."""
    _parser().parse_known_args(options)  # what it does not know is uv's
    if not shutil.which("uv"):
        print(_NO_UV, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        made = {lock: Path(folder) / lock.name for lock in (locks.TEST, locks.RUN)}
        known = ROOT / locks.TEST
        try:
            for lock, file in made.items():
                _make(lock, file, known, options if lock == locks.TEST else [])
                known = file  # what both hold has one version
        except subprocess.CalledProcessError:
            return _fail("uv found no versions that fit together, or could not ask for them; its lines say why.")
        if misfits := [misfit for lock, file in made.items() for misfit in _misfits(lock, file)]:
            return _fail("\n".join(misfits))
        for lock, file in made.items():
            shutil.copyfile(file, ROOT / lock)
            print(f"{lock.as_posix()}: {len(locks.pins(file))} packages")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/lock",
        allow_abbrev=False,
        description="Makes the locks in requirements anew from pyproject.toml, for all systems, with hashes. Without "
        "an option, what fits stays at its version. Other options go to uv pip compile.",
        epilog="It needs uv and the network. The locks stay as they were if one of them does not fit everywhere.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--upgrade", action="store_true", help="take the newest versions of all packages that fit")
    which.add_argument("--upgrade-package", metavar="NAME", action="append", help="take the newest version of one")
    return parser


def _make(lock: Path, file: Path, known: Path, options: Sequence[str]) -> None:
    """Write a lock to a file, with the versions that another one knows where these fit."""
    if known.exists():
        shutil.copyfile(known, file)
    extras = [word for extra in locks.EXTRAS[lock] for word in ("--extra", extra)]
    # One version for all, and none of this machine's settings: a lock names no index.
    how = ["--universal", "--python-version", _OLDEST, "--fork-strategy", "fewest", "--generate-hashes", "--no-header"]
    command = ["uv", "pip", "compile", "-q", "pyproject.toml", *extras, *how, "-o", str(file), *options]
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    header = _HEADER.format(extras=" and ".join(locks.EXTRAS[lock]), lock=lock.as_posix())
    file.write_text(header + file.read_text())


def _misfits(lock: Path, file: Path) -> Iterator[str]:
    """Yield a sentence for each Python and system on which a lock could not be installed from wheels alone."""
    for python in locks.PYTHONS:
        for system in _SYSTEMS:
            version = ".".join(map(str, python))
            if said := _refusal(file, version, system):
                yield f"{lock.as_posix()} does not fit Python {version} on {system}: {said}"


def _refusal(file: Path, version: str, system: str) -> str:
    """Return why a lock cannot be installed somewhere, or nothing if it can."""
    nowhere = str(file.with_suffix(".target"))
    where = ["--python-version", version, "--python-platform", system, "--target", nowhere]
    how = ["--dry-run", "-q", "--only-binary", ":all:", "--require-hashes", "-r", str(file)]
    asked = subprocess.run(["uv", "pip", "install", *where, *how], capture_output=True, text=True, check=False)
    return " ".join(asked.stderr.split()) if asked.returncode else ""


def _fail(sentence: str) -> int:
    print(f"{sentence}\nThe locks are as they were.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
