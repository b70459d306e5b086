"""The usage, and who asks for it."""

import subprocess

import pytest
from codex_run.usage import TEXT, is_asked_for
from support.launched import LAUNCHER


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--help", True),
        ("-h", True),
        ("--ui web --help", True),
        ("--help -- codex", True),
        ("mitmweb --help -- codex", True),
        ("mitmdump --help", False),
        ("mitmweb -h", False),
        ("-- codex --help", False),
        ("--port 1", False),
        ("", False),
    ],
)
def test_it_is_ours_unless_a_program_or_the_command_is_asked(line: str, expected: bool) -> None:
    assert is_asked_for(line.split()) is expected


def test_it_names_what_is_ours_and_where_the_rest_goes() -> None:
    shown = subprocess.run([*LAUNCHER, "--help"], capture_output=True, text=True, check=True).stdout

    assert shown == TEXT
    assert all(word in shown for word in ("-- COMMAND", "--ui web", "--port N", "--quiet", "All else goes to mitmdump"))


def test_it_fits_a_wide_terminal() -> None:
    assert max(map(len, TEXT.splitlines())) <= 120
