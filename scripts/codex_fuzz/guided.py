"""The fuzzer that coverage guides: libFuzzer, by way of atheris, one process for each target.

It is started as a program of its own, because libFuzzer ends the process in which it runs, and because the code under
test has to be instrumented before anything else imports it.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from codex_fuzz.findings import FOLDER, kept
from codex_fuzz.seeds import WORDS
from codex_fuzz.targets import Target

HOW_TO_INSTALL = (
    "atheris is not installed, so hypothesis looks for crashes, guided by the lines it reaches. On Linux with CPython "
    "3.12 or 3.13, `.venv/bin/python -m pip install atheris` makes this many times faster."
)

_LONGEST_INPUT = 4096
_SLOWEST = 20
"""Seconds that one input may take."""

_MEMORY = 3000
"""Megabytes that a target may take up."""


def is_installed() -> bool:
    """Tell whether atheris is there."""
    return importlib.util.find_spec("atheris") is not None


def run(each: Target, seconds: int) -> set[Path]:
    """Fuzz a target for some seconds; return the files of crashes that are new. Raises OSError."""
    before = kept(each.name)
    child = subprocess.run(_command(each, seconds), capture_output=True, text=True, errors="replace", check=False)
    found = kept(each.name) - before
    if child.returncode and not found:
        raise OSError(f"the fuzzer of {each.name} ended with {child.returncode}: {child.stderr[-2000:]}")
    return found


def _command(each: Target, seconds: int) -> list[str]:
    corpus, seeds = FOLDER / "corpus" / each.name, FOLDER / "seeds" / each.name
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for place, text in enumerate(each.seeds()):
        (seeds / str(place)).write_bytes(text)
    limits = (f"-max_total_time={seconds}", f"-timeout={_SLOWEST}", f"-rss_limit_mb={_MEMORY}")
    options = (
        *limits,
        f"-max_len={_LONGEST_INPUT}",
        f"-dict={_dictionary()}",
        f"-artifact_prefix={FOLDER}/{each.name}.",
    )
    return [sys.executable, "-m", "codex_fuzz.instrumented", each.name, *options, str(corpus), str(seeds)]


def _dictionary() -> Path:
    """Write the words in libFuzzer's form."""
    path = FOLDER / "words.dict"
    path.write_text("".join(f'"{_escaped(word)}"{os.linesep}' for word in WORDS))
    return path


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)
