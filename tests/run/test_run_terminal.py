"""The launcher in a terminal: keys, windows, and a client that leaves a mess."""

import shlex
import signal

import pytest
from support.launched import LAUNCHER, Home, Terminal, programs, stopped, terminal

CTRL_C, CTRL_Z = "\x03", "\x1a"
DIES_OF_IT = "signal.signal(signal.SIGINT, signal.SIG_DFL); turn(); print('ready', flush=True); time.sleep(60)"
ENDS_BY_ITSELF = "signal.signal(signal.SIGINT, lambda *_: os._exit(130)); print('ready', flush=True); time.sleep(60)"


async def ended(opened: Terminal, home: Home) -> int:
    """Wait for the end of the launcher; nothing of it may be left."""
    status = await opened.ends()
    assert home.left_behind == []
    assert programs(f"127.0.0.1:{home.backend.connect_port}") == []
    return status


async def test_ctrl_c_goes_to_the_client_once_and_to_no_other_process(home: Home) -> None:
    """It may well mean no more than to stop a turn; the window's size arrives as well.

    The client does not print what it says of a signal: a signal may come while it prints, and that cannot be nested.
    """
    script = """
signal.signal(signal.SIGINT, lambda *_: os.write(1, b"interrupted\\n"))
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, b"%d columns\\n" % os.get_terminal_size().columns))
print("ready", flush=True)
sys.exit(len(turn()) and int(input()))
"""
    with terminal(*LAUNCHER, *home.behind, "--", *home.client(script), environment=home.environment) as opened:
        await opened.shows("ready")
        opened.type(CTRL_C)
        await opened.shows("interrupted")
        opened.resize(30, 123)
        await opened.shows("123 columns")
        opened.type("5\n")

        assert await ended(opened, home) == 5
        assert opened.screen.count("interrupted") == 1
        assert "Codex Continuity: 1 turn in 1 conversation" in opened.screen


@pytest.mark.parametrize(("script", "goes_on"), [(DIES_OF_IT, False), (ENDS_BY_ITSELF, True)])
async def test_ctrl_c_stops_a_shell_script_around_the_launcher_as_it_would_around_the_client(
    home: Home, script: str, goes_on: bool
) -> None:
    """A shell goes by whether what it ran died of the signal; one that ends by itself has dealt with it.

    The summary is said all the same.
    """
    line = shlex.join((*LAUNCHER, *home.behind, "--", *home.client(script)))
    shell = ("bash", "-c", f"{line}; echo the script went on with $?")
    with terminal(*shell, environment=home.environment) as opened:
        await opened.shows("ready")
        opened.type(CTRL_C)
        status = await ended(opened, home)

        assert ("the script went on with 130" in opened.screen) == goes_on
        assert status == (0 if goes_on else -signal.SIGINT)
        assert ("Codex Continuity: no turn" if goes_on else "Codex Continuity: 1 turn") in opened.screen


async def test_a_client_that_crashes_leaves_a_terminal_that_works(home: Home) -> None:
    """And its status is that of the signal."""
    script = "import tty; tty.setraw(0); os.kill(os.getpid(), signal.SIGKILL)"
    with terminal(*LAUNCHER, *home.behind, "--", *home.client(script), environment=home.environment) as opened:
        assert await ended(opened, home) == 128 + signal.SIGKILL
        assert opened.echoes
        assert "\x1b[?25h" in opened.screen
        assert "Codex Continuity: no turn" in opened.screen


@pytest.mark.parametrize("who", ["the whole job", "the client alone"])
async def test_a_client_that_is_stopped_gives_the_shell_the_terminal_back(home: Home, who: str) -> None:
    """By Ctrl-Z, or by a client that stops itself; and it continues in the foreground."""
    stop = "" if who == "the whole job" else "os.kill(os.getpid(), signal.SIGTSTP)"
    script = home.folder / "client.py"
    script.write_text(f"import os, signal\nprint('re' 'ady', flush=True)\n{stop}\nprint('got ' + input())\n")
    line = shlex.join((*LAUNCHER, *home.behind, "--", LAUNCHER[0], str(script)))
    with terminal("sh", "-i", environment=home.environment | {"PS1": "shell> "}) as opened:
        await opened.shows("shell> ")
        opened.type(f"{line}\n")
        await opened.shows("ready")
        if not stop:
            opened.type(CTRL_Z)
        await opened.shows("Stopped")
        assert await stopped(str(script))  # or one that is about to stop would still read what is meant for the shell
        opened.type("fg\n")
        opened.type("it again\n")
        await opened.shows("got it again")
        await opened.shows("Codex Continuity: no turn")
        opened.type("exit 4\n")

        assert await ended(opened, home) == 4
