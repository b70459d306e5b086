"""What a command is, and what is particular to Codex."""

from pathlib import Path

import pytest
from codex_run.kinds import has_background_server, kind_of, without_daemon


def program(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("codex", "#!/usr/bin/env node\n", "codex"),
        ("opencode", "", "bun"),
        ("python3.13", "", "python"),
        ("pi", "#!/usr/bin/env node\n", "pi"),
        ("agent", "#!/usr/bin/env node\n", "node"),
        ("agent", "#!/venv/bin/python3\n", "python"),
        ("agent", "#!/usr/bin/env -S bun run\n", "bun"),
        ("agent", "#!/bin/sh\nnode x\n", "other"),
        ("agent", "node", "other"),
    ],
)
def test_a_command_is_known_by_its_name_or_by_what_runs_its_file(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    assert kind_of([program(tmp_path / name, text), "x"]) == expected


def test_a_command_that_is_not_there_is_of_no_kind() -> None:
    assert kind_of(["/no/such/command"]) == "other"


@pytest.mark.parametrize(
    ("says", "given", "started"),
    [
        ("  --no-daemon  Run without the shared background server", "resume --last", "--no-daemon resume --last"),
        ("  --no-alt-screen", "resume", "resume"),
        ("--no-daemon", "--no-daemon", "--no-daemon"),
        ("--no-daemon", "--remote=unix://", "--remote=unix://"),
        ("--no-daemon", "--remote", "--remote"),
    ],
)
def test_a_codex_that_has_an_option_for_it_does_its_own_work_unless_told_otherwise(
    tmp_path: Path, says: str, given: str, started: str
) -> None:
    """A background server has another environment, or would outlive the proxy."""
    codex = program(tmp_path / "codex", f"#!/bin/sh\necho '{says}'\n")

    assert without_daemon([codex, *given.split()]) == (codex, *started.split())


def test_a_codex_that_cannot_be_asked_and_other_commands_are_left_as_they_are(tmp_path: Path) -> None:
    codex, agent = str(tmp_path / "codex"), program(tmp_path / "agent", f"#!/bin/sh\ntouch {tmp_path}/asked\n")

    assert [without_daemon([command]) for command in (codex, agent)] == [(codex,), (agent,)]
    assert not (tmp_path / "asked").exists()


def test_a_running_background_server_is_seen(tmp_path: Path) -> None:
    socket = tmp_path / "app-server-control" / "app-server-control.sock"

    assert not has_background_server({"CODEX_HOME": str(tmp_path)})
    socket.parent.mkdir()
    socket.touch()
    assert has_background_server({"CODEX_HOME": str(tmp_path)})
    assert not has_background_server({"HOME": str(tmp_path)})
