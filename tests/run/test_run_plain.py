"""The proxy by itself."""

import subprocess
from pathlib import Path

import pytest
from codex_run.plain import BAD_USAGE, command
from codex_run.proxy import ADDONS
from support.launched import LAUNCHER


@pytest.mark.parametrize(
    ("line", "program", "words"),
    [
        ("", "mitmdump", "--listen-host 127.0.0.1"),
        ("-w a--b", "mitmdump", "--listen-host 127.0.0.1 -w a--b"),
        ("mitmweb", "mitmweb", "--listen-host 127.0.0.1"),
        ("--port 8081", "mitmdump", "--listen-host 127.0.0.1 --listen-port 8081"),
        ("--listen-host ::1 -q", "mitmdump", "--quiet --listen-host ::1"),
        ("--set listen_host=", "mitmdump", "--set listen_host="),
    ],
)
def test_it_has_the_addon_and_listens_on_loopback_unless_told_otherwise(line: str, program: str, words: str) -> None:
    found = command(line.split())

    assert (Path(found[0]).name, found[1:3]) == (program, ["-s", str(ADDONS[0])])
    assert found[3:] == words.split()


def test_it_takes_the_launchers_place() -> None:
    shown = subprocess.run([*LAUNCHER, "mitmdump", "--version"], capture_output=True, text=True, check=True).stdout

    assert shown.startswith("Mitmproxy: ")


def test_what_cannot_be_done_is_said() -> None:
    ended = subprocess.run([*LAUNCHER, "--port", "x"], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (
        BAD_USAGE,
        "run: --port is 'x', but it takes a number up to 65535.\n",
    )
