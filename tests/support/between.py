"""What stands between a client and the proxy, and between the proxy and the backend."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import trustme
from conftest import Network
from embedded_backend.certificates import Authority
from embedded_backend.tunnel import Tunnel

from support.client import Connection, connected, plainly_connected
from support.proxy import Proxy

PARENT = "parent.example"
"""The host of the proxy behind the proxy."""

type Front = Callable[[Proxy, Path, str], AbstractAsyncContextManager[Connection]]
type Behind = Callable[[Network, Authority, Path], AbstractAsyncContextManager[object]]
type Server = Callable[..., AbstractAsyncContextManager[int]]


def through(proxy: Proxy, _folder: Path, alpn: str) -> AbstractAsyncContextManager[Connection]:
    """Connect as the client of a regular proxy."""
    return connected(proxy, tls=proxy.client_tls(alpn))


def plainly(proxy: Proxy, _folder: Path, _alpn: str) -> AbstractAsyncContextManager[Connection]:
    """Connect as the client of a reverse proxy."""
    return plainly_connected(proxy)


@asynccontextmanager
async def by_socks(proxy: Proxy, _folder: Path, alpn: str) -> AsyncIterator[Connection]:
    """Connect as the client of a SOCKS5 proxy."""
    async with plainly_connected(proxy) as connection:
        for message, answer in ((b"\5\1\0", 2), (b"\5\1\0\3\x0bchatgpt.com\1\xbb", 10)):
            connection.writer.write(message)
            await connection.reader.readexactly(answer)
        await connection.writer.start_tls(proxy.client_tls(alpn), server_hostname="chatgpt.com")
        yield connection


def in_front(server: Server) -> Front:
    """Put a server before the proxy."""

    @asynccontextmanager
    async def front(proxy: Proxy, folder: Path, _alpn: str) -> AsyncIterator[Connection]:
        async with server(folder, proxy.port) as port, plainly_connected(replace(proxy, port=port)) as connection:
            yield connection

    return front


def behind(server: Server) -> Behind:
    """Put a server before the backend, with a certificate of its own."""

    @asynccontextmanager
    async def between(net: Network, authority: Authority, folder: Path) -> AsyncIterator[None]:
        issuer = trustme.CA.from_pem(authority.ca_file.read_bytes(), (authority.home / "ca.key").read_bytes())
        issuer.issue_cert("chatgpt.com").private_key_and_cert_chain_pem.write_to_path(str(folder / "leaf.pem"))
        async with server(folder, net.ports["chatgpt.com"], folder / "leaf.pem") as net.ports["chatgpt.com"]:
            yield

    return between


@asynccontextmanager
async def parent(net: Network, _authority: Authority, _folder: Path) -> AsyncIterator[None]:
    """Put another proxy before the backend, which opens no TLS."""
    async with Tunnel(net.ports["chatgpt.com"]) as tunnel:
        net.ports[PARENT] = tunnel.port
        yield
