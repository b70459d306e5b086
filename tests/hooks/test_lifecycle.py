"""Start and end of the addon, its options while it runs, and that it is loaded again while turns are under way."""

import asyncio
import gc
import logging
import os
import platform
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from codexcache import __version__
from codexcache.addon import CodexContinuity
from codexcache.body.json_splice import Json
from codexcache.hooks.lifecycle import Lifecycle
from codexcache.hooks.state import State
from conftest import Network
from embedded_backend import Backend
from embedded_backend.certificates import Authority
from embedded_backend.rules import Break
from mitmproxy import exceptions, hooks
from mitmproxy.proxy.layers import websocket
from mitmproxy.test import taddons
from support.client import connected
from support.embedded import SESSION
from support.embedded import body as embedded_body
from support.journals import entries_of
from support.proxy import Proxy, running_proxy
from support.sockets import Peer, opened
from support.talks import post
from support.wire import JSON, RESPONSES, body, said


async def test_the_start_says_what_is_on(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """One line with the version, the hosts, the mode, and the options that are not as by default."""
    caplog.set_level(logging.INFO)
    await net.proxy(codex_mode="pin", codex_hosts="chatgpt.com,codex.example")
    await net.proxy(codex_redact="on", codex_mode="observe", codex_body_limit="64m")

    lines = [record.getMessage() for record in caplog.records if record.name == "codexcache.hooks.lifecycle"]
    assert lines == [
        f"Codex Continuity {__version__} is on for chatgpt.com, codex.example (codex_mode pin, codex_state=off).",
        f"Codex Continuity {__version__} is on for chatgpt.com (codex_mode observe, codex_redact=on, codex_state=off).",
    ]


BAD = {
    "codex_mode": "Fill",
    "codex_hosts": "https://chatgpt.com",
    "codex_strip": "x,model",
    "codex_learn": "a b",
    "codex_body_limit": "64 mb",
    "codex_view_limit": "0",
    "codex_intercept": "cold;idle",
    "codex_redact": "2",
    "codex_tunnel": "",
    "codex_state": "http://127.0.0.1",
    "codex_state_limit": "0",
    "codex_state_days": "0",
    "codex_otel": "http://127.0.0.1:4318",
}


@pytest.mark.parametrize(("name", "value"), BAD.items())
async def test_a_bad_value_is_rolled_back_while_the_proxy_runs(net: Network, name: str, value: str) -> None:
    """The sentence names option and value, and the old setting holds."""
    upstream = await net.upstream()
    proxy = await net.proxy()
    before = getattr(proxy.master.options, name)
    with pytest.raises(exceptions.OptionsError, match=f"^{name} is .*, but it takes "):
        proxy.master.options.update(**{name: value})

    assert getattr(proxy.master.options, name) == before
    await post(proxy, prompt_cache_key="k", stream_options={})
    assert upstream.last.body == body(prompt_cache_key="k")
    assert upstream.last.values("session-id") == ["k"]


async def test_an_unrelated_option_changes_no_setting(net: Network) -> None:
    """Settings are parsed when one of the addon's own options changes."""
    addon = CodexContinuity()
    proxy = await net.proxy(addon)
    before = addon.state.settings
    proxy.master.options.update(anticache=True)
    assert addon.state.settings is before
    proxy.master.options.update(codex_mode="pin")
    assert addon.state.settings.mode == "pin"


async def test_the_end_leaves_mitmproxy_as_it_was(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """The repair of WebSocket messages goes with the addon, and without faults there is nothing to say."""
    before = websocket.Fragmentizer
    proxy = await net.proxy()
    assert websocket.Fragmentizer is not before
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert websocket.Fragmentizer is before
    assert said(caplog) == []


async def test_silent_connections_are_kept_for_a_day_unless_the_user_says_otherwise(net: Network) -> None:
    """mitmproxy's ten minutes cut long reasoning."""
    assert (await net.proxy()).master.options.tcp_timeout == 86400
    assert (await net.proxy(tcp_timeout=700)).master.options.tcp_timeout == 700


async def test_what_is_loaded_at_the_start_is_left_to_itself_until_the_end(confdir: Path, authority: Authority) -> None:
    """The garbage collector would hold up all streams while it looks at everything."""
    before = gc.get_freeze_count()
    async with running_proxy(CodexContinuity(), confdir=confdir, upstream_ca=authority.ca_file):
        during = gc.get_freeze_count()

    assert (before, gc.get_freeze_count()) == (0, 0)
    assert during > 10_000


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        pytest.param("codex_hosts", ("a.example", "b.example"), "a.example,b.example", id="set again and again"),
        pytest.param("codex_hosts", ["a.example", "b.example"], "a.example,b.example", id="a list"),
        pytest.param("codex_hosts", "a.example", "a.example", id="a text"),
        pytest.param("codex_body_limit", 1_000_000, "1000000", id="a number"),
        pytest.param("codex_redact", True, "True", id="a switch"),
        pytest.param("codex_journal", None, None, id="nothing"),
    ],
)
def test_an_option_is_a_text_however_it_is_given(name: str, given: object, expected: str | None) -> None:
    """In config.yaml, or by `--set` again and again, as for mitmproxy's own lists; it would drop the script."""
    assert _loaded(name, given) == expected


def _loaded(name: str, given: object) -> object:
    """Return what an option is once the addon is loaded to which it was given before."""
    with taddons.context() as context:
        if isinstance(given, tuple):
            context.options.set(*(f"{name}={value}" for value in given), defer=True)
        else:
            context.options.update_defer(**{name: given})
        context.master.addons.register(Lifecycle(State()))
        return getattr(context.options, name)


KEY = SESSION["session-id"]
FIELDS = [JSON, *SESSION.items()]
TURN = orjson.dumps(embedded_body())
FRAME = orjson.dumps({"type": "response.create"} | embedded_body()).decode()


class Script:
    """Holds an addon as mitmproxy's own script addon does, which keeps its place in the chain when it loads again."""

    name = "script"

    proxy: Proxy

    def __init__(self, backend: Backend, journal: Path) -> None:
        self.addons, self.backend, self.journal = [CodexContinuity()], backend, journal

    def reload(self) -> None:
        """Put a new addon in the place of the one that runs, as when its file has changed."""
        addons = self.proxy.master.addons
        addons.remove(self.addons.pop())
        addons.register(addon := CodexContinuity())
        self.addons.append(addon)
        addons.invoke_addon_sync(addon, hooks.ConfigureHook(set(self.proxy.master.options.keys())))
        addons.invoke_addon_sync(addon, hooks.RunningHook())

    async def reload_while_held(self) -> None:
        """Reload while the backend holds a turn, which then goes on; one addon sees to it."""
        await self.backend.breaks.held(1)
        self.reload()
        assert self.draining() == 1
        self.backend.breaks.release()

    def draining(self) -> int:
        """Return how many addons see to old flows."""
        return sum(name.startswith("codex_drain") for name in self.proxy.master.addons.lookup)

    def verdicts(self) -> list[Json]:
        return [entry["verdict"] for entry in entries_of(self.journal)]


@pytest.fixture
async def script(net: Network, tmp_path: Path) -> Script:
    """A script in a proxy before a backend."""
    script = Script(await net.backend(), tmp_path / "journal.jsonl")
    script.proxy = await net.proxy(script, codex_journal=str(script.journal))
    return script


async def answered(peer: Peer) -> None:
    """Wait for the last event of an answer."""
    while "response.completed" not in str(await peer.receive()):
        pass


@pytest.mark.parametrize("events", [0, 3], ids=["before its answer", "in the middle"])
async def test_a_stream_continues_and_is_reported_with_its_counters(script: Script, events: int) -> None:
    script.backend.breaks.add(KEY, Break(hold_after=events))
    async with connected(script.proxy) as connection:
        turn = asyncio.create_task(connection.post(RESPONSES, FIELDS, TURN))
        await script.reload_while_held()
        reply = await turn
        again = await connection.post(RESPONSES, FIELDS, TURN)

    assert b"response.completed" in reply.body
    assert reply.body.count(b"\n\n") == again.body.count(b"\n\n")
    assert (script.verdicts(), script.draining()) == (["cold", "cold"], 0)


async def test_a_stream_that_is_cut_afterwards_is_reported_too(script: Script) -> None:
    script.backend.breaks.add(KEY, Break(hold_after=3, cut_after=3))
    async with connected(script.proxy) as connection:
        reply = await connection.start(RESPONSES, FIELDS, TURN)
        await script.reload_while_held()
        with pytest.raises(Exception, match="peer closed connection"):
            await reply.rest()

    assert (script.verdicts(), script.draining()) == (["no_usage"], 0)


async def test_a_turn_on_a_websocket_is_reported_once_and_so_is_the_next(script: Script) -> None:
    script.backend.breaks.add(KEY, Break(hold_after=3))
    async with opened(script.proxy, SESSION.items()) as peer:
        await peer.send(FRAME)
        await script.reload_while_held()
        await answered(peer)
        await peer.send(FRAME)
        await answered(peer)

    assert (script.verdicts(), script.draining()) == (["cold", "cold"], 0)


async def test_nothing_is_left_behind_where_nothing_is_under_way(script: Script) -> None:
    await post(script.proxy, *SESSION.items(), text=TURN)
    script.reload()

    assert script.draining() == 0


FAULTS = """
import resource
from codexcache.hooks.lifecycle import keep_freed_blocks

def faults(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b"x" * size
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

sizes = [10_000_000 + 100_000 * number for number in range(8)]
without = [faults(size) for size in sizes[:4]]
keep_freed_blocks()
print(min(without), faults(sizes[4]) and min(map(faults, sizes[5:])))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
def test_the_memory_of_a_body_is_used_again_by_one_that_is_larger() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True)
    without, kept = map(int, done.stdout.split())

    assert without > 2_000
    assert kept < 500
