"""Files that are the user's alone: the journal, appended to by whole lines, and the secret of a machine."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from codexcache.hooks.notify import append, fresh_secret, load_secret
from codexcache.state.vault import SECRET_FILE


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


def test_the_secret_is_made_once_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    secret = load_secret(folder)

    assert load_secret(folder) == secret
    assert len(secret) == len(fresh_secret()) == 32
    assert len({secret, fresh_secret(), fresh_secret()}) == 3
    assert stat.S_IMODE((folder / SECRET_FILE).stat().st_mode) == 0o600


def test_proxies_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    """Whether there is none yet, or one that was cut short."""
    with ExitStack() as stack:
        loaders = [stack.enter_context(_loader()) for _ in range(4)]
        for number in range(60):
            folder = tmp_path / str(number)
            if number % 2:
                folder.mkdir()
                (folder / SECRET_FILE).write_bytes(b"short")
            assert len({*_loaded_by(loaders, folder)}) == 1
            assert load_secret(folder).hex() == _loaded_by(loaders, folder)[0]


_LOADER = """
import sys
from pathlib import Path
from codexcache.hooks.notify import load_secret
for line in sys.stdin:
    print(load_secret(Path(line[:-1])).hex(), flush=True)
"""


@contextmanager
def _loader() -> Iterator[subprocess.Popen[str]]:
    """Run a process that loads the secret of each folder that it is told, until the block ends."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _LOADER]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _loaded_by(loaders: list[subprocess.Popen[str]], folder: Path) -> list[str]:
    """Return what each process loads from a folder, all of them at once."""
    for each in loaders:
        assert each.stdin is not None
        each.stdin.write(f"{folder}\n")
    return [each.stdout.readline().strip() for each in loaders if each.stdout is not None]


def test_a_folder_or_a_file_that_keeps_nothing_is_an_error(tmp_path: Path) -> None:
    """Of a file without an end the first bytes are read."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        load_secret(tmp_path / "file")
    (tmp_path / SECRET_FILE).symlink_to(os.devnull)
    with pytest.raises(OSError, match="does not keep what is written to it"):
        load_secret(tmp_path)
    (tmp_path / SECRET_FILE).unlink()
    (tmp_path / SECRET_FILE).symlink_to("/dev/zero")

    assert load_secret(tmp_path) == bytes(32)
