"""The files in which Codex keeps its threads, by their names and first lines.

A name has the thread's id: `rollout-2026-11-30T21-47-27-<thread>.jsonl`; a second id follows where a thread was taken
back to an earlier place and its history goes on in another file. Codex archives threads into a folder of their own, and
compresses old files.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from codex_explain.lines import first_time

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_NAME = re.compile(rf"rollout-[0-9T-]{{19}}-({_ID})(?:_{_ID})?\.jsonl(?:\.zst)?")

FOLDERS = ("sessions", "archived_sessions")
"""Where rollouts are, below Codex's home."""


_NOT_THERE = "there is no such file or folder; Codex keeps its logs in sessions below CODEX_HOME, which is ~/.codex"


class Rollout(NamedTuple):
    """A file. Times are seconds since the epoch: of its first line, and of its last change."""

    started: float
    path: Path
    thread: str
    size: int
    changed: float


def codex_home(environment: Mapping[str, str]) -> Path:
    """Return Codex's home: `CODEX_HOME`, else `~/.codex`."""
    return Path(environment.get("CODEX_HOME") or "~/.codex").expanduser()


def find(places: Iterable[Path]) -> list[Rollout]:
    """Return the rollouts at some places, files or folders, in the order in which they were begun.

    Raises FileNotFoundError for a place that is not there. A file that goes meanwhile is left out.
    """
    paths = dict.fromkeys(path for place in places for path in _rollouts_at(place))
    return sorted(filter(None, map(_read, paths)))


def _rollouts_at(place: Path) -> list[Path]:
    if not place.exists():
        raise FileNotFoundError(2, _NOT_THERE, str(place))
    return [place] if place.is_file() else sorted(place.rglob("rollout-*.jsonl*"))


def _read(path: Path) -> Rollout | None:
    try:
        state, started = path.stat(), first_time(path)
    except OSError:
        return None
    name = _NAME.fullmatch(path.name)
    began = state.st_mtime if started is None else started  # a damaged file is told of when its lines are read
    return Rollout(began, path, name[1] if name else "", state.st_size, state.st_mtime)


class Library:
    """The rollouts by their threads."""

    def __init__(self, rollouts: Iterable[Rollout]) -> None:
        self._of_thread: dict[str, list[Rollout]] = {}
        for rollout in rollouts:
            self._of_thread.setdefault(rollout.thread, []).append(rollout)

    def of_thread(self, thread: str, before: float) -> Sequence[Rollout]:
        """Return the files of a thread that were begun before a time, the latest first."""
        return [each for each in reversed(self._of_thread.get(thread, ())) if each.started < before]


def default_places(environment: Mapping[str, str]) -> list[Path]:
    """Return the folders of rollouts that are there, or the first where none is."""
    home = codex_home(environment)
    folders = [home / name for name in FOLDERS]
    return [folder for folder in folders if os.path.isdir(folder)] or folders[:1]
