"""The ways in that need nothing but loopback: regular, reverse and upstream mode."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codex_demo.proxies import ADDON, Proxy, mitmdump
from embedded_backend import Backend

from codex_ways.client import Door
from codex_ways.evidence import judged
from codex_ways.talk import talk

PATH = "/backend-api/codex"

# Where no other proxy leads the way, the backend goes by a name that every machine finds.
_BY_NAME = ("--set", "codex_hosts=localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the proxy is started, and how a client then gets in."""

    arguments: Callable[[Backend], tuple[str, ...]]
    door: Callable[[Proxy, Backend], Door]


def _through(proxy: Proxy, origin: str) -> Door:
    return Door(url=origin + PATH, proxy=proxy.url, ca_file=str(proxy.ca_file))


WAYS = {
    "regular": Way(
        arguments=lambda backend: ("--mode", "regular", *_BY_NAME),
        door=lambda proxy, backend: _through(proxy, f"https://localhost:{backend.port}"),
    ),
    "reverse": Way(
        arguments=lambda backend: ("--mode", f"reverse:https://localhost:{backend.port}", *_BY_NAME),
        door=lambda proxy, backend: Door(url=f"{proxy.url}/v1"),
    ),
    "upstream": Way(
        arguments=lambda backend: ("--mode", f"upstream:http://127.0.0.1:{backend.connect_port}"),
        door=lambda proxy, backend: _through(proxy, "https://chatgpt.com"),
    ),
}


async def show(name: str, home: Path) -> str:
    """Shows one way in with its files in a folder, and returns what was seen; raises NotShown."""
    way = WAYS[name]
    async with (
        Backend(home=home / "backend") as backend,
        mitmdump(backend, home / "proxy", "-s", str(ADDON), *way.arguments(backend)) as proxy,
    ):
        return judged(await talk(name, way.door(proxy, backend)), backend.received)
