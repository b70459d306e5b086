"""A real mitmproxy in this process, on loopback, that reaches test servers under the names of real ones."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import http, io, options
from mitmproxy.master import Master
from mitmproxy.tools.dump import DumpMaster

from support.patience import until

Connect = Callable[..., Any]


@dataclass(kw_only=True)
class Proxy:
    """A running proxy."""

    master: Master
    port: int
    confdir: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.confdir / "mitmproxy-ca-cert.pem"

    def client_tls(self, *alpn: str) -> ssl.SSLContext:
        """Return TLS settings of a client that trusts the proxy's CA alone."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.set_alpn_protocols(list(alpn) or ["http/1.1"])
        return context


@contextlib.asynccontextmanager
async def running_proxy(
    *addons: object, confdir: Path, upstream_ca: Path, mode: str = "regular", **settings: Any
) -> AsyncIterator[Proxy]:
    """Run a proxy with these addons and options until the block ends."""
    opts = options.Options(listen_host="127.0.0.1", listen_port=0, confdir=str(confdir), mode=[mode])
    master = DumpMaster(opts, with_termlog=False, with_dumper=False)
    opts.update(ssl_verify_upstream_trusted_ca=str(upstream_ca))
    master.addons.add(*addons)
    opts.update_known(codex_state="off")  # what one test's proxies know is nothing to another's
    opts.update(**settings)
    task = asyncio.create_task(master.run())
    try:
        yield Proxy(master=master, port=await listening(master, task), confdir=confdir)
    finally:
        await master.addons.get("proxyserver").servers.update([])  # mitmproxy leaves its sockets to the system
        master.shutdown()
        await task


async def listening(master: Master, task: "asyncio.Task[None]") -> int:
    """Wait until the proxy listens and its addons know that it runs, and return its port."""
    server = master.addons.get("proxyserver")
    while not task.done():
        if server.is_running and (addresses := server.listen_addrs()):
            return int(addresses[0][1])
        await asyncio.sleep(0.002)
    await task
    raise AssertionError("the proxy ended before it listened")


def is_open(port: int) -> bool:
    """Return True if something listens at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Watch:
    """An addon that keeps the flows that come by, and those that have ended."""

    def __init__(self) -> None:
        self.flows, self.ended = list[http.HTTPFlow](), list[http.HTTPFlow]()

    def request(self, flow: http.HTTPFlow) -> None:
        self.flows.append(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        if flow.websocket is None:
            self.ended.append(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self.ended.append(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        self.ended.append(flow)

    def save(self, path: Path) -> None:
        """Write a capture of the flows that have ended."""
        with path.open("wb") as file:
            writer = io.FlowWriter(file)
            for flow in self.ended:
                writer.add(flow)

    async def end(self) -> http.HTTPFlow:
        """Wait until a flow has ended, and return the last one that has."""
        await until(lambda: self.ended)
        return self.ended[-1]


def watched(proxy: Proxy) -> Watch:
    """Return an addon that is added behind those of a proxy."""
    proxy.master.addons.add(watch := Watch())
    return watch


def route(patch: pytest.MonkeyPatch, ports: Mapping[str, int]) -> None:
    """Lead the proxy's connections to these host names to ports of this machine; all others fail."""

    async def open_connection(host: str, port: int, **arguments: Any) -> Any:
        if host in ("127.0.0.1", "localhost"):
            return await original(host, port, **arguments)
        if host not in ports:
            raise OSError(f"no route to {host} in this test")
        return await original("127.0.0.1", ports[host])

    original: Connect = asyncio.open_connection
    patch.setattr("mitmproxy.proxy.server.asyncio.open_connection", open_connection)
