"""The demo's proxies."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import httpx
import pytest
from codex_demo import clients, conversation, proxies
from codex_demo.usage import read_usage
from embedded_backend import Backend


async def test_a_proxy_stands_between_client_and_backend_and_ends_with_its_block(tmp_path: Path) -> None:
    async with Backend(home=tmp_path / "backend") as backend:
        async with proxies.running(backend, tmp_path / "proxy", addon=False) as proxy:
            client = clients.HttpClient("account", proxy.url, proxy.tls())
            events = await client.send([conversation.question(1)])
        with pytest.raises(httpx.ConnectError):
            await client.send([])

    assert read_usage(events[-1]).cached_tokens == 0


async def test_a_proxy_that_does_not_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with Backend(home=tmp_path / "backend") as backend:
        with pytest.raises(proxies.NotStarted, match=r"(?s)^mitmdump ended: .*file"):
            async with proxies.running(backend, tmp_path / "file", addon=False):
                pass


async def speaking(script: str) -> asyncio.subprocess.Process:
    """Start a program that says when it is ready for a signal."""
    ready = "import signal, sys, time; "
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{ready}{script}; print('ready', flush=True); time.sleep(60)", stdout=PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_what_is_deaf_to_ctrl_c_ends_when_it_is_stopped() -> None:
    """Whatever it makes of the signal itself, as mitmdump does."""
    with proxies.deaf_to_ctrl_c():
        process = await speaking("signal.signal(signal.SIGINT, lambda *_: sys.exit(7))")
    process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.1)
    assert process.returncode is None
    await proxies.stop(process)

    assert process.returncode == -signal.SIGTERM


def test_we_are_deaf_for_the_block_alone() -> None:
    with proxies.deaf_to_ctrl_c():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())

    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


async def test_a_cancellation_waits_until_the_process_has_ended() -> None:
    process = await speaking("signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.3), sys.exit(7)))")
    stopping = asyncio.create_task(proxies.stop(process))
    await asyncio.sleep(0.1)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping

    assert process.returncode == 7
