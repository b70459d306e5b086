"""Crashes: each is a file that holds the input, with the target's name before the first dot, and can be repeated."""

import traceback
from hashlib import sha256
from pathlib import Path

from codex_fuzz.targets import Target, target

FOLDER = Path("build/fuzz")
"""Where crashes and corpora are kept, below the folder in which the fuzzer is started."""

_FRAMES = -4


def keep(name: str, data: bytes) -> Path:
    """Write an input on which a check failed to a file, and return it."""
    path = FOLDER / f"{name}.crash-{sha256(data).hexdigest()[:16]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def kept(name: str) -> set[Path]:
    """Return the files of a target's crashes."""
    return set(FOLDER.glob(f"{name}.*-*"))


def target_of(path: Path) -> Target:
    """Return the target that a crash's file is for. Raises KeyError."""
    return target(path.name.partition(".")[0])


def failure(each: Target, data: bytes) -> str | None:
    """Run a check; return how it failed, None where it passed."""
    try:
        each.check(data)
    except Exception as error:
        return "".join(traceback.format_exception(error, limit=_FRAMES)).rstrip()
    return None


def how_to_repeat(path: Path) -> str:
    """Return the sentence that says how a crash is repeated."""
    return f"Repeat it with: scripts/fuzz --repeat {path}"
