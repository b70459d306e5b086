"""Fixtures that are shared by all tests; the pieces they put together are in `support`."""

import signal
import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from codexcache.addon import CodexContinuity
from embedded_backend import Backend
from embedded_backend.certificates import Authority
from hypothesis import HealthCheck, settings
from mitmproxy import certs
from support.patience import at_most
from support.proxy import Proxy, route, running_proxy
from support.upstream import Answer, Upstream, responding, running_upstream, whole

for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:  # so it is in the background of a shell, or under nohup
        signal.signal(number, default)  # or children would inherit it

settings.register_profile("short", deadline=None, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(
    "short"
)  # there is no deadline, because machines differ; --hypothesis-profile=long takes its place

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


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    """TLS settings of the test servers."""
    return authority.context()


@pytest.fixture(autouse=True)
def _no_private_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the key out of mitmproxy 12.3, or each start would tell of it; so the tests hold there too."""
    monkeypatch.delattr(certs, "EMUDHRA_CHAIN_PEM", raising=False)


class Stage:
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
async def stage(monkeypatch: pytest.MonkeyPatch, confdir: Path, authority: Authority) -> AsyncIterator[Stage]:
    """A stage for one test; what was started on it is stopped at the end."""
    async with AsyncExitStack() as stack:
        yield Stage(stack, monkeypatch, confdir, authority)
