"""The demo as a program; it takes about three seconds."""

import os
import signal
import sys

import pytest
from codex_demo.__main__ import main
from toolkit.process import finished, start

COMMAND = [sys.executable, "-m", "codex_demo"]


async def test_it_shows_the_difference() -> None:
    demo = await finished(COMMAND)

    assert demo.status == 0
    assert demo.out.splitlines()[-1].startswith("The same conversation read ")


@pytest.mark.parametrize("written", ["Starting", "without the addon ", "without the addon ...", "WebSocket with"])
async def test_it_can_be_interrupted_at_any_time(written: str) -> None:
    """By Ctrl-C, of which its proxies say nothing."""
    async with await start(COMMAND) as demo:
        await demo.until(lambda: written in demo.text, written)
        os.killpg(demo.pid, signal.SIGINT)

        assert await demo.ended() == 130
        assert "Traceback" not in demo.text


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("--quick", 2)])
def test_a_question_or_a_strange_word_starts_nothing(
    argument: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([argument])

    assert ended.value.code == status
    assert "usage: scripts/demo" in "".join(capsys.readouterr())
