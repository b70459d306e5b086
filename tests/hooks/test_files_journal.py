"""The journal's file is appended to by whole lines."""

import os
import stat
from pathlib import Path

import pytest
from codexcache.hooks.files import append


def test_lines_are_appended_to_a_file_that_only_its_user_can_read(tmp_path: Path) -> None:
    """One that was rotated away is made again."""
    path = tmp_path / "journal.jsonl"
    append(str(path), b"1\n")
    append(str(path), b"2\n")
    path.rename(tmp_path / "journal.1")
    append(str(path), b"3\n")

    assert [(tmp_path / name).read_bytes() for name in ("journal.1", "journal.jsonl")] == [b"1\n2\n", b"3\n"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the next one would be lost with it."""
    path = str(tmp_path / "journal")
    append(path, b"1\n")
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:3]))
    with pytest.raises(OSError, match="No space left"):
        append(path, b"22222\n")
    monkeypatch.undo()
    append(path, b"3\n")

    assert (tmp_path / "journal").read_bytes() == b"1\n3\n"
    with pytest.raises(IsADirectoryError):
        append(str(tmp_path), b"1\n")
