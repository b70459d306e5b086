"""mitmweb in this process, and its HTTP interface as its own page uses it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from mitmproxy import options
from mitmproxy.tools.web.master import WebMaster
from tornado import httpserver

from support.patience import until
from support.programs import free_port
from support.proxy import Proxy, is_open, listening

_PASSWORD = "password"


@dataclass(kw_only=True)
class Web:
    """A running mitmweb: the proxy, and a client of its page that is logged in."""

    proxy: Proxy
    client: httpx.AsyncClient

    async def command(self, name: str, *arguments: str) -> Any:
        """Run a command; return its value, or an error with its sentence."""
        response = await self.client.post(f"/commands/{name}", json={"arguments": arguments})
        assert response.status_code == 200, response.text
        return response.json()

    async def shown(self, flow: str, part: str, view: str) -> Any:
        """Return what the page shows of a part of a flow."""
        response = await self.client.get(f"/flows/{flow}/{part}/content/{view}.json")
        assert response.status_code == 200, response.text
        return response.json()


@contextlib.asynccontextmanager
async def running_web(*addons: object, confdir: Path, upstream_ca: Path, **settings: Any) -> AsyncIterator[Web]:
    """Run mitmweb with these addons until the block ends."""
    opts = options.Options(listen_host="127.0.0.1", listen_port=0, confdir=str(confdir))
    master = WebMaster(opts, with_termlog=False)
    opts.update(ssl_verify_upstream_trusted_ca=str(upstream_ca), web_open_browser=False, web_port=free_port())
    opts.update(web_host="127.0.0.1", web_password=_PASSWORD)
    master.addons.add(*addons)
    opts.update_known(codex_state="off")
    opts.update(**settings)
    with _closing_what_listens():
        task = asyncio.create_task(master.run())
        try:
            proxy = Proxy(master=master, port=await listening(master, task), confdir=confdir)
            await until(lambda: is_open(opts.web_port))  # mitmweb opens its own port after the proxy's
            async with _client(opts.web_port) as client:
                assert (await client.get("/", params={"token": _PASSWORD})).status_code == 200
                yield Web(proxy=proxy, client=client)
        finally:
            await master.addons.get("proxyserver").servers.update([])
            master.shutdown()
            await task


def _client(port: int) -> httpx.AsyncClient:
    """Return a client of the page, which names a token of its choice in a cookie and again in a header."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        cookies={"_mitmproxy_xsrf": "token"},
        headers={"X-XSRFToken": "token"},
        trust_env=False,
    )


@contextlib.contextmanager
def _closing_what_listens() -> Iterator[None]:
    """Close the web server at the end: mitmweb leaves that to the end of the process."""
    servers: list[httpserver.HTTPServer] = []

    class Server(httpserver.HTTPServer):
        def initialize(self, *arguments: Any, **named: Any) -> None:
            super().initialize(*arguments, **named)
            servers.append(self)

    with mock.patch.object(httpserver, "HTTPServer", Server):
        yield
    for server in servers:
        server.stop()
