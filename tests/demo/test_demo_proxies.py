"""The demo's proxies."""

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
        with pytest.raises(proxies.NotStarted):
            async with proxies.running(backend, tmp_path / "file", addon=False):
                pass
