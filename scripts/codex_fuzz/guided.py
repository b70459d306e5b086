"""The fuzzer that coverage guides: libFuzzer, by way of atheris, one process for each target.

libFuzzer ends the process in which it runs, and the code under test has to be instrumented before anything imports it.
So this module is a program too, which imports no parser at its top: python -m codex_fuzz.guided TARGET [OPTION ...]
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from codex_fuzz.inputs import WORDS

FOLDER = Path("build/fuzz")
"""Where crashes and corpora are kept, below the folder in which the fuzzer is started."""

NOT_INSTALLED = (
    "atheris is not installed. Get it with `.venv/bin/python -m pip install atheris`: there are wheels for Linux on "
    "x86-64 with CPython 3.12 to 3.14. Elsewhere, `.venv/bin/python -m pytest --hypothesis-profile=long tests/hostile` "
    "runs the same checks."
)

_LIMITS = ("-max_len=4096", "-timeout=20", "-rss_limit_mb=3000")  # of an input: bytes, seconds, megabytes


def check_installed() -> None:
    """Raise OSError with what to do where atheris is missing."""
    if importlib.util.find_spec("atheris") is None:
        raise OSError(NOT_INSTALLED)


def run(name: str, seeds: Iterable[bytes], seconds: int) -> set[Path]:
    """Fuzz a target for some seconds; return the files of crashes that are new. Raises OSError."""
    before, command = _crashes(name), _command(name, seeds, seconds)
    child = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    found = _crashes(name) - before
    if child.returncode and not found:
        raise OSError(f"the fuzzer of {name} ended with {child.returncode}: {child.stderr[-2000:]}")
    return found


def _crashes(name: str) -> set[Path]:
    return set(FOLDER.glob(f"{name}.*-*"))


def _command(name: str, seeds: Iterable[bytes], seconds: int) -> list[str]:
    """Write what libFuzzer reads, and return its command line."""
    corpus, start, words = FOLDER / "corpus" / name, FOLDER / "seeds" / name, FOLDER / "words.dict"
    for folder in (corpus, start):
        folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(seeds):
        (start / str(number)).write_bytes(text)
    words.write_text("".join(f'"{"".join(f"\\x{byte:02x}" for byte in word)}"\n' for word in WORDS))
    options = [f"-max_total_time={seconds}", f"-dict={words}", f"-artifact_prefix={FOLDER}/{name}."]
    return [sys.executable, "-m", "codex_fuzz.guided", name, *_LIMITS, *options, str(corpus), str(start)]


def main() -> None:
    """Fuzz one target until libFuzzer ends the process."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    program, name, *options = sys.argv
    with atheris.instrument_imports(include=["codexcache"]):
        from codex_fuzz.targets import TARGETS
    atheris.Setup([program, *options], TARGETS[name].check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
