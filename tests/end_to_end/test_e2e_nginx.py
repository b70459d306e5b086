"""A real nginx in front of the proxy, with the configuration of the example."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from codex_ways.ways import is_kept
from conftest import Network
from toolkit.client import Endpoint, Identity, Send, by_http, by_websocket, converse
from toolkit.process import LOOPBACK, Program, free_port, start

EXAMPLE = Path(__file__).parents[2] / "scripts" / "examples" / "nginx.conf"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
SESSION = Identity(headers={"session_id": "session-1"})

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not here")


async def nginx(folder: Path, port: int, proxy_port: int, *without: str) -> Program:
    """Start an nginx that leads to the proxy, with its files in a folder; some lines can be left out."""
    config = EXAMPLE.read_text().replace(":8081", f":{port}").replace(":8080", f":{proxy_port}")
    for line in without:
        assert line in config
        config = config.replace(line, "")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = "".join(f"{kind}_temp_path {folder / kind};" for kind in kinds)
    (path := folder / "nginx.conf").write_text(config.replace("http {", f"http {{ access_log off; {own}"))
    settings = f"daemon off; master_process off; error_log stderr; pid {folder / 'pid'};"
    program = await start([NGINX, "-p", folder, "-c", path, "-g", settings])
    while program.process.returncode is None:
        with suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return program
        await asyncio.sleep(0.01)
    raise AssertionError(program.text)


@pytest.mark.parametrize("send", [by_http, by_websocket])
@pytest.mark.parametrize(("without", "arrives"), [((), True), (("underscores_in_headers on;",), False)])
async def test_the_one_line_keeps_a_conversation_together(
    net: Network, tmp_path: Path, send: Send, without: tuple[str, ...], arrives: bool
) -> None:
    """Without it, what names the conversation is gone before the proxy sees it. By HTTP its opening still tells which
    it is; a WebSocket's handshake has nothing else.
    """
    backend = await net.backend()
    proxy = await net.proxy(mode="reverse:https://chatgpt.com")
    port = free_port()
    async with await nginx(tmp_path, port, proxy.port, *without):
        endpoint = Endpoint(url=f"http://{LOOPBACK}:{port}/v1")
        turns = await converse([endpoint], lambda: SESSION, send, account="a")

    assert is_kept(turns) is (arrives or send is by_http)
    assert {turn.header("session_id") == "session-1" for turn in backend.received} == {arrives}
