"""Transparent mode: a client that knows of no proxy, in a network whose only way out is the gateway.

`show` runs this file as a program in a network namespace of its own, the gateway's; the client is a thread of that
program which leaves for another one. The namespaces have no name and end with the program, so nothing is left behind,
and a user who is not root can make them where the kernel lets users.
"""

import asyncio
import os
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from embedded_backend import Backend
from toolkit.client import FAULTS
from toolkit.conversation import Endpoint
from toolkit.process import LOOPBACK, NotStarted, exit_status, finished, own_environment

from codex_ways.ways import OFFICIAL, NotShown, converse_twice, judged, start_proxy

NEEDED = {"ip": "iproute2", "iptables": "iptables", "unshare": "util-linux"}
"""The programs, and the packages of Debian that bring them."""

_GATEWAY, _CLIENT, _BACKEND = "198.51.100.1", "198.51.100.2", "203.0.113.7"
"""Addresses for documentation (RFC 5737), which no machine has; the client looks for the backend at the last."""

_FORBIDDEN = "FORBIDDEN "  # begins the line of a gateway that could not be made


class Forbidden(Exception):
    """Raised where the machine does not let the namespaces be made."""


async def show(home: Path) -> str:
    """Show the way in with its files in a folder; return what was seen. Raises NotShown or Forbidden."""
    if lack := missing():
        raise Forbidden(lack)
    gateway = await finished([*unshared(), sys.executable, "-m", __name__, home], environment=_environment())
    out, errors = gateway.out.strip(), gateway.errors.strip()
    if out.startswith(_FORBIDDEN) or errors.startswith("unshare: "):
        raise Forbidden(f"the kernel forbids it: {out.removeprefix(_FORBIDDEN) or errors}")
    if gateway.status:
        raise NotShown(errors)
    return out


def missing() -> str:
    """Return a sentence on what has to be installed, empty if nothing has."""
    path = _environment()["PATH"]
    packages = sorted({package for program, package in NEEDED.items() if not shutil.which(program, path=path)})
    return f"it needs {', '.join(packages)}: apt-get install {' '.join(packages)}" if packages else ""


def unshared() -> list[str]:
    """Return the command that starts another in a network namespace of its own."""
    return ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net"]


async def _as_gateway(home: Path) -> bool:
    """Stand between a client and the backend, and print what was seen."""
    try:
        with ThreadPoolExecutor(max_workers=1) as client:
            await _lay_cable(client)
            print(await _seen(client, home))
    except Forbidden as reason:
        print(f"{_FORBIDDEN}{reason}")
    return True


async def _lay_cable(client: ThreadPoolExecutor) -> None:
    """Give the client's one thread a namespace whose only way out is this one. Raises Forbidden."""
    peer = f"peer name to-gateway netns {await _in(client, _leave)}"
    await _run("ip link set lo up", f"ip address add {_BACKEND}/32 dev lo", f"ip link add to-client type veth {peer}")
    await _run(f"ip address add {_GATEWAY}/30 dev to-client", "ip link set to-client up")
    inside = (f"ip address add {_CLIENT}/30 dev to-gateway", "ip link set to-gateway up")
    await _in(client, lambda: asyncio.run(_run(*inside, f"ip route add default via {_GATEWAY}")))


async def _seen(client: ThreadPoolExecutor, home: Path) -> str:
    async with (
        Backend(home=home / "backend") as backend,
        await start_proxy(backend, home / "proxy", f"transparent@{_GATEWAY}:0") as proxy,
    ):
        nat = "iptables --table nat --append"
        await _run(
            f"{nat} PREROUTING -i to-client -p tcp --dport 443 -j REDIRECT --to-ports {proxy.port}",
            f"{nat} OUTPUT -p tcp -d {_BACKEND} --dport 443 -j DNAT --to-destination {LOOPBACK}:{backend.port}",
        )
        endpoint = Endpoint(url=OFFICIAL, ca_file=str(proxy.ca_file), address=_BACKEND)
        counters = await _in(client, lambda: asyncio.run(converse_twice("transparent", endpoint)))
        return judged(counters, backend.received)


async def _in[T](client: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(client, work)


def _leave() -> str:
    """Leave for a namespace of this thread alone; return its path. Raises Forbidden."""
    try:
        os.unshare(os.CLONE_NEWNET)
    except OSError as error:
        raise Forbidden(str(error)) from error
    return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"


async def _run(*commands: str) -> None:
    for program, *words in map(str.split, commands):
        ended = await finished([program, *words], environment=_environment())
        if ended.status:
            raise Forbidden(f"{program} said: {ended.errors.strip()}")


def _environment() -> dict[str, str]:
    """Return the environment in which the programs are found, with the folders that only root has in its path."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return {**own_environment(), "PATH": path, "XTABLES_LOCKFILE": os.devnull}


if __name__ == "__main__":
    sys.exit(exit_status(_as_gateway(Path(sys.argv[1])), "The gateway", (*FAULTS, NotStarted, NotShown)))
