"""nginx and HAProxy as they are installed on this machine, each between a client and a server."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from toolkit.process import LOOPBACK, free_port, start

EXAMPLE = (Path(__file__).parents[2] / "scripts" / "examples" / "nginx.conf").read_text()
_HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend clients
    bind 127.0.0.1:8081
    default_backend servers
backend servers
    server one 127.0.0.1:8080
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@asynccontextmanager
async def nginx(folder: Path, port: int, certificate: Path | None = None, config: str = EXAMPLE) -> AsyncIterator[int]:
    """Run nginx before a port, with its files in a folder, until the block ends; yield its own port.

    With a certificate (and its key in the same file), it speaks TLS as chatgpt.com on both sides.
    """
    if certificate:
        own = f":8081 ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate};"
        config = config.replace(":8081;", own).replace("proxy_pass http:", "proxy_pass https:")
        config = config.replace("location / {", "location / { proxy_set_header Host $host;")
    temporary = "".join(f"{kind}_temp_path {folder / kind};" for kind in _TEMPORARY)
    config = config.replace("http {", f"http {{ access_log off; {temporary}")
    settings = f"daemon off; master_process off; error_log stderr; pid {folder / 'pid'};"
    async with _running("nginx", folder, port, config, "-p", str(folder), "-g", settings, "-c") as own_port:
        yield own_port


@asynccontextmanager
async def haproxy(folder: Path, port: int, certificate: Path | None = None) -> AsyncIterator[int]:
    """Run HAProxy before a port in the same way; it reads HTTP, and does not merely pass bytes on."""
    config = _HAPROXY
    if certificate:
        config = config.replace(":8081", f":8081 ssl crt {certificate}")
        config = config.replace(":8080", ":8080 ssl verify none sni str(chatgpt.com)")
    async with _running("haproxy", folder, port, config, "-db", "-f") as own_port:
        yield own_port


@asynccontextmanager
async def _running(name: str, folder: Path, port: int, config: str, *arguments: str) -> AsyncIterator[int]:
    """Run a program with a configuration in which it listens on 8081 and leads to 8080."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if path is None:
        pytest.skip(f"{name} is not here (apt-get install {name})")
    own_port = free_port()
    folder.mkdir(exist_ok=True)
    (file := folder / name).write_text(config.replace(":8081", f":{own_port}").replace(":8080", f":{port}"))
    async with await start([path, *arguments, file]) as program:
        while program.process.returncode is None:
            with suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection(LOOPBACK, own_port)
                writer.close()
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError(program.text)
        yield own_port
