"""Two network namespaces, a client's and a gateway's, that exist only as long as the processes in them.

Nothing has a name, so nothing is left behind, and a user who is not root can make them where the kernel lets users.
"""

import asyncio
import os
import shlex
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

NEEDED = {"ip": "iproute2", "iptables": "iptables", "nsenter": "util-linux", "unshare": "util-linux"}
"""The programs, and the packages of Debian that bring them."""

GATEWAY, CLIENT = "198.51.100.1", "198.51.100.2"
BACKEND = "203.0.113.7"
"""Where the client looks for the backend: an address for documentation (RFC 5737), which nobody has."""


class Forbidden(Exception):
    """This machine does not let the namespaces be made."""


def unshared() -> list[str]:
    """Returns the command that starts another in a network namespace of its own."""
    return ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net"]


def missing() -> str:
    """Returns a sentence on what has to be installed, empty if nothing has."""
    packages = sorted({package for program, package in NEEDED.items() if not shutil.which(program, path=_path())})
    return f"it needs {', '.join(packages)}: apt-get install {' '.join(packages)}" if packages else ""


@asynccontextmanager
async def client_behind_gateway() -> AsyncIterator[list[str]]:
    """Makes of this process's namespace a client's gateway; yields what starts the client. Raises Forbidden."""
    await _run("ip link set lo up")
    await _run(f"ip address add {BACKEND}/32 dev lo")
    holder = await asyncio.create_subprocess_exec(
        "unshare", "--net", "sh", "-c", "echo && exec cat", stdin=PIPE, stdout=PIPE, env=environment()
    )
    try:
        assert holder.stdout is not None
        await holder.stdout.readline()
        inside = ["nsenter", "--net", "--target", str(holder.pid)]
        await _connect(inside, holder.pid)
        yield inside
    finally:
        await _end(holder)


async def lead(proxy_port: int, backend_port: int) -> None:
    """Leads the client's port 443 to the proxy, and the proxy's own way out to the backend. Raises Forbidden."""
    nat = "iptables --table nat --append"
    await _run(f"{nat} PREROUTING -i to-client -p tcp --dport 443 -j REDIRECT --to-ports {proxy_port}")
    await _run(f"{nat} OUTPUT -p tcp -d {BACKEND} --dport 443 -j DNAT --to-destination 127.0.0.1:{backend_port}")


async def _connect(inside: Sequence[str], pid: int) -> None:
    """Lays a cable between the two namespaces; the client's only way out is the gateway."""
    await _run(f"ip link add to-client type veth peer name to-gateway netns {pid}")
    await _run(f"ip address add {GATEWAY}/30 dev to-client")
    await _run("ip link set to-client up")
    await _run(f"ip address add {CLIENT}/30 dev to-gateway", inside)
    await _run("ip link set to-gateway up", inside)
    await _run(f"ip route add default via {GATEWAY}", inside)


async def _run(command: str, inside: Sequence[str] = ()) -> None:
    process = await asyncio.create_subprocess_exec(
        *inside, *shlex.split(command), stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=environment()
    )
    _, said = await process.communicate()
    if process.returncode:
        raise Forbidden(f"{command.split()[0]} said: {said.decode(errors='replace').strip()}")


async def _end(holder: asyncio.subprocess.Process) -> None:
    """Ends what holds the client's namespace, and with it the namespace."""
    assert holder.stdin is not None
    holder.stdin.close()
    await holder.wait()


def environment() -> dict[str, str]:
    """Returns the environment in which the programs are found."""
    return {**os.environ, "PATH": _path(), "XTABLES_LOCKFILE": os.devnull}


def _path() -> str:
    """Returns the search path with the folders that only root has in it by default."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
