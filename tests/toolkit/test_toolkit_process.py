"""The toolkit's programs: started, ready when they have said so, and stopped come what may; and dropped connections."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from support.launched import gone, programs
from toolkit.process import (
    LOOPBACK,
    NotStarted,
    Program,
    end,
    exit_status,
    finished,
    own_environment,
    start,
    start_mitmdump,
)
from toolkit.wire.streams import reset, serving


async def speaking(script: str) -> Program:
    """Start a Python program that says when it is ready for a signal."""
    ready = f"import os, signal, subprocess, sys, time; {script}; print('ready'); time.sleep(60)"
    program = await start([sys.executable, "-c", ready])
    await program.says("^ready$")
    return program


async def test_it_is_ready_when_it_has_said_so() -> None:
    script = "import time; print('port 1\\nport 2\\nport'); time.sleep(60)"
    async with await start([sys.executable, "-c", script]) as it:
        assert (await it.says(r"^port (\d)"))[1] == "1"
        assert (await it.says(r"^port (\d)", after=1))[1] == "2"
        await it.says("^port$")

    assert it.count("port", after=1) == 2
    assert it.text == "port 1\nport 2\nport\n"


async def test_a_program_that_ends_before_it_is_ready_is_an_error_with_its_last_words() -> None:
    with pytest.raises(NotStarted, match=r"(?s)^python\S* ended: .*no such thing"):
        async with await start([sys.executable, "-c", "raise SystemExit('no such thing')"]) as it:
            await it.says("ready")


async def test_it_ends_with_its_block_and_so_does_what_it_has_started() -> None:
    """But a key in the terminal does not reach it: it has a session of its own."""
    child = f"sleep 60.{os.getpid()}"
    starting = f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); subprocess.Popen({child.split()})"
    async with await speaking(starting) as it:
        assert os.getpgid(it.pid) != os.getpgid(0)
        assert programs(child)

    assert it.process.returncode == 7
    assert await gone(child)


async def test_a_cancellation_waits_until_the_program_has_ended() -> None:
    it = await speaking("signal.signal(signal.SIGTERM, lambda *_: (print('ending'), time.sleep(0.3), sys.exit(7)))")
    stopping = asyncio.create_task(it.stop())
    await it.says("ending")
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping

    assert it.process.returncode == 7
    await it.stop()


async def test_what_ran_to_its_end_has_a_status_and_both_outputs(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['ONLY']); print('wrong', file=sys.stderr); sys.exit(3)"
    it = await finished([sys.executable, "-c", script], environment={"ONLY": "this"}, folder=tmp_path)

    assert (it.status, it.out, it.errors) == (3, f"{tmp_path} this\n", "wrong\n")


async def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(TimeoutError):
        await finished([sys.executable, "-c", "input()"], environment=own_environment(), within=0.01)


async def test_what_ignores_the_signal_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolkit.process._STOPPED_WITHIN", 0.1)
    async with await speaking("signal.signal(signal.SIGTERM, signal.SIG_IGN)") as it:
        await end(it.process)

    assert it.process.returncode == -signal.SIGKILL


async def test_a_proxy_that_does_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotStarted, match=r"(?s)^mitmdump ended: .*file"):
        await start_mitmdump(tmp_path / "file", modes=["regular"], upstream_ca=tmp_path / "ca.pem")


def test_a_tools_status_says_whether_its_work_was_done_and_a_sentence_why_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def work(done: bool | None) -> bool:
        if done is None:
            raise OSError("no such file")
        return done

    assert [exit_status(work(done), "The demo", (OSError,)) for done in (True, False, None)] == [0, 1, 1]
    assert capsys.readouterr().err == "\nThe demo did not finish: no such file\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_tool_that_is_interrupted_stops_what_it_has_started(number: int) -> None:
    programs = []

    async def work() -> bool:
        async with await speaking("pass") as it:
            programs.append(it)
            os.kill(os.getpid(), number)
            return bool(await it.ended())

    assert exit_status(work(), "It", ()) == 130
    assert programs[0].process.returncode == -signal.SIGTERM


def test_what_is_ignored_interrupts_nothing() -> None:
    """As nohup has it for SIGHUP."""

    async def work() -> bool:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        return True

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert exit_status(work(), "It", ()) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_a_connection_that_is_dropped_is_reset() -> None:
    gone = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        except ConnectionResetError as error:
            gone.set_result(error)
        writer.close()

    async with serving(serve) as port:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
        reset(writer)
        await gone
