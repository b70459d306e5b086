"""The command line: what stands before and after `--`, the help, and the script that passes all of it on."""

import shutil
import subprocess
from pathlib import Path

import pytest
from codex_run.arguments import Arguments, Failed, parse
from support.launched import LAUNCHER, SCRIPTS

PI = ("pi",)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-- codex", Arguments(command=("codex",))),
        ("-- codex exec -- --port 1", Arguments(command=("codex", "exec", "--", "--port", "1"))),
        ("--ui web -- pi", Arguments(command=PI, program="mitmweb")),
        ("--ui=web -- pi", Arguments(command=PI, program="mitmweb")),
        ("mitmweb -- pi", Arguments(command=PI, program="mitmweb")),
        ("mitmdump --ui none -- pi", Arguments(command=PI)),
        ("--port 8080 -- pi", Arguments(command=PI, port=8080)),
        ("-p 1 -- pi", Arguments(command=PI, port=1)),
        ("--listen-port=2 -- pi", Arguments(command=PI, port=2)),
        ("-q -- pi", Arguments(command=PI, quiet=True)),
        ("--quiet -- pi", Arguments(command=PI, quiet=True)),
        # Without a command they are for a program of mitmproxy's.
        ("", Arguments()),
        ("mitmproxy -w f", Arguments(program="mitmproxy", passed_on=("-w", "f"))),
        ("--ui console", Arguments(program="mitmproxy")),
        ("--port=0 ~q", Arguments(port=0, passed_on=("~q",))),
        ("mitmdump --help", Arguments(passed_on=("--help",))),
        ("mitmweb -h", Arguments(program="mitmweb", passed_on=("-h",))),
    ],
)
def test_options_stand_before_and_the_command_after(line: str, expected: Arguments) -> None:
    assert parse(line.split()) == expected


@pytest.mark.parametrize(
    "line",
    ["-w f --set codex_mode=pin", "--set=codex_mode=pin -nr f", "--web-port 5 ~q", "--por 1", "-s a -s b"],
)
def test_other_options_are_mitmproxys_in_the_order_given(line: str) -> None:
    """An option's beginning is not taken for the option: it could be the beginning of one of mitmproxy's."""
    words = line.split()

    assert parse([*words[:2], "-q", *words[2:], "--", "pi"]).passed_on == tuple(words)
    assert parse(words).passed_on == tuple(words)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("--port 1 --", "After -- goes the command to run; scripts/run --help shows how."),
        ("--port -- pi", "argument --port/-p/--listen-port: expected one argument; scripts/run --help shows"),
        ("--port x -- pi", "argument --port/-p/--listen-port: 'x' is not a number up to 65535; scripts/run"),
        ("--port 65536", "argument --port/-p/--listen-port: '65536' is not a number up to 65535; scripts/run"),
        ("--port ² -- pi", "argument --port/-p/--listen-port: '²' is not a number up to 65535; scripts/run"),
        ("--ui tv", "argument --ui: invalid choice: 'tv'"),
        ("mitmproxy -- pi", "mitmproxy's console needs the terminal, which belongs to the command: take --ui web."),
    ],
)
def test_what_cannot_be_done_is_said(line: str, sentence: str) -> None:
    with pytest.raises(Failed) as raised:
        parse(line.split())

    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *((line, True) for line in ("-m regular", "--mode regular", "--mode=regular", "--set mode=regular")),
        *((line, False) for line in ("--set codex_mode=pin", "--set=codex_mode=pin")),
    ],
)
def test_a_mode_of_the_users_own_is_known(line: str, expected: bool) -> None:
    assert parse([*line.split(), "--", "pi"]).has_mode is expected


def printed(*words: str) -> str:
    return subprocess.run([*LAUNCHER, *words], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("line", ["-h", "--ui web --help", "--help -- codex", "mitmweb --help -- codex"])
def test_the_help_is_shown_before_a_command(line: str) -> None:
    """It names the launcher's options and says where the others go."""
    shown = printed(*line.split())

    assert shown.startswith("usage: scripts/run")
    assert "All other options go to mitmdump" in shown
    assert [word for word in ("-- COMMAND", "--ui", "--port", "--quiet") if word not in shown] == []
    assert max(map(len, shown.splitlines())) <= 120


def test_the_proxy_by_itself_takes_the_launchers_place() -> None:
    assert printed("mitmdump", "--version").startswith("Mitmproxy: ")


@pytest.mark.parametrize(("line", "status"), [("--port x", 2), ("--port x -- pi", 125)])
def test_bad_usage_has_the_status_of_what_was_asked_for(line: str, status: int) -> None:
    ended = subprocess.run([*LAUNCHER, *line.split()], capture_output=True, text=True, check=False)

    assert ended.returncode == status
    assert ended.stderr.startswith("scripts/run: argument --port/-p/--listen-port: 'x' is not a number up to 65535;")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that is set up with a Python that says how it was called."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(SCRIPTS / "run", tmp_path / "scripts")
    for name, says in {"scripts/setup": "", ".venv/bin/python": 'echo "${0##*/}"; printf "[%s]\\n" "$@"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("words", [["--port", "1", "--", "pi", "a b", ""], ["mitmweb", "-w", "a--b"], ["--help"]])
def test_each_word_goes_on_as_it_was_given(clone: Path, words: list[str]) -> None:
    """With none of the user's Python settings, and through a link."""
    (link := clone / "link").symlink_to(clone / "scripts" / "run")
    command = [str(link), *words]
    called = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert called == ["python", "[-I]", f"[{clone}/scripts/codex_cli]", "[run]", *(f"[{word}]" for word in words)]
