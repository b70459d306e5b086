"""Fixtures that are shared by all tests; the pieces they put together are in `support`."""

import os
import signal
import ssl
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from codexcache.addon import CodexContinuity
from embedded_backend import Backend
from embedded_backend.certificates import Authority
from hypothesis import HealthCheck, settings
from mitmproxy import certs
from support import http2
from support.patience import at_most
from support.proxy import Proxy, route, running_proxy
from support.sockets import Data, Recorder, talking
from support.upstream import Answer, Upstream, responding, running_upstream, whole
from toolkit.wire.http2 import Answer as Http2Answer
from toolkit.wire.http2 import Server as Http2Upstream

pytest_plugins = ["support.embedded"]  # its fixtures
if TYPE_CHECKING:
    from support.collector import Collector

for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # so it is in the background of a shell, or under nohup
        signal.signal(number, default)  # or children would inherit it

settings.register_profile("short", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("short")  # no deadline, because machines differ; --hypothesis-profile=long takes its place

SLOWEST = 1.8
"""Seconds that a test may take for each of Hypothesis' examples: three minutes as a rule, where twenty seconds do."""


@pytest.hookimpl(wrapper=True)
def in_time() -> Generator[None, object, object]:
    """Nothing waits for ever."""
    with at_most(SLOWEST * settings().max_examples):
        return (yield)


pytest_runtest_setup = pytest_runtest_call = pytest_runtest_teardown = in_time


@pytest.fixture(scope="session")
def confdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The proxy's folder, with a CA that is made once."""
    return tmp_path_factory.mktemp("confdir")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of the test servers."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def export_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of OpenTelemetry: none of this machine's own, and reports are sent at once."""
    for name in [name for name in os.environ if name.startswith("OTEL_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")


@pytest.fixture(autouse=True)
def _no_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the key out of mitmproxy 12.3, or each start would tell of it; so the tests hold there too."""
    monkeypatch.delattr(certs, "EMUDHRA_CHAIN_PEM", raising=False)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, export_settings: None) -> "Iterator[Collector]":
    """A collector of telemetry that the variables name."""
    from support.collector import collecting  # whose packages take long to import

    with collecting() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.url)
        yield running


class Network:
    """Puts a proxy with the addon between a client and a test server that stands in for chatgpt.com."""

    def __init__(self, stack: AsyncExitStack, patch: pytest.MonkeyPatch, confdir: Path, authority: Authority) -> None:
        self._stack, self._patch, self._confdir, self._authority = stack, patch, confdir, authority
        self.ports: dict[str, int] = {}

    async def upstream(self, answer: Answer | None = None, host: str = "chatgpt.com") -> Upstream:
        """Start a server that records bytes, reached under `host`."""
        served = running_upstream(self._authority.context(), answer or responding(whole()))
        upstream = await self._stack.enter_async_context(served)
        self.ports[host] = upstream.port
        return upstream

    async def recorder(self, answer: Data = "{}", *, deflate: bool = False) -> Recorder:
        """Start a server that keeps the messages of a WebSocket, and answers each with the same."""
        recorder = Recorder(answer)
        await self.upstream(talking(recorder, deflate=deflate))
        return recorder

    async def http2_upstream(self, answer: Http2Answer, host: str = "chatgpt.com") -> Http2Upstream:
        """Start a server that speaks HTTP/2, reached under `host`."""
        served = http2.running_http2_upstream(self._authority.context(), answer)
        upstream = await self._stack.enter_async_context(served)
        self.ports[host] = upstream.port
        return upstream

    async def backend(self, **arguments: Any) -> Backend:
        """Start the embedded backend, reached as chatgpt.com."""
        backend = await self._stack.enter_async_context(Backend(home=self._authority.home, **arguments))
        self.ports["chatgpt.com"] = backend.port
        return backend

    def backend_tls(self) -> ssl.SSLContext:
        """Return TLS settings of a client that trusts the test servers' CA alone."""
        return ssl.create_default_context(cafile=str(self._authority.ca_file))

    async def proxy(self, addon: object = None, mode: str = "regular", **settings: Any) -> Proxy:
        """Start the proxy with the addon."""
        route(self._patch, self.ports)
        return await self._stack.enter_async_context(
            running_proxy(
                addon or CodexContinuity(),
                confdir=self._confdir,
                upstream_ca=self._authority.ca_file,
                mode=mode,
                **settings,
            )
        )


@pytest.fixture
async def net(monkeypatch: pytest.MonkeyPatch, confdir: Path, authority: Authority) -> AsyncIterator[Network]:
    """A network for one test; what was started on it is stopped at the end."""
    async with AsyncExitStack() as stack:
        yield Network(stack, monkeypatch, confdir, authority)
