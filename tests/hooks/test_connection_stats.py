"""Which connections are opened, what arrives through them, and what does not."""

import ssl
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from codexcache.hooks.connection_stats import ConnectionStats
from codexcache.hooks.notify import FinishedTurn
from codexcache.hooks.state import State
from codexcache.hooks.tls import Tunnel
from codexcache.output.journal import Entries, Pseudonyms
from conftest import Network
from mitmproxy import tls
from mitmproxy.proxy import server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow
from support.client import connected
from support.diagnoses import Harness
from support.patience import until
from support.proxy import Proxy
from support.settings import parsed
from support.talks import post
from support.turns import conversation
from support.upstream import responding, whole
from support.wire import JSON, RESPONSES, body, said
from toolkit.wire.streams import TunnelRefused


def connection_stats(proxy: Proxy) -> ConnectionStats:
    found = proxy.master.addons.get("codex_continuity").connection_stats
    assert isinstance(found, ConnectionStats)
    return found


async def refuse(proxy: Proxy, host: str = "chatgpt.com") -> None:
    """Connect with no trust in the proxy's CA."""
    with pytest.raises(ssl.SSLError):
        async with connected(proxy, host, tls=ssl.create_default_context(cafile=None, cadata=None)):
            raise AssertionError("it was trusted")


async def test_a_client_that_refuses_the_ca_is_told_how_once(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """Once for each host; the numbers go on."""
    await net.upstream()
    proxy = await net.proxy()
    await refuse(proxy)
    await refuse(proxy)
    ca = proxy.ca_file

    await until(lambda: connection_stats(proxy).distrusted["chatgpt.com"] == 2)  # it sees the end after the client does
    (sentence,) = said(caplog)
    assert sentence.startswith("A client at 127.0.0.1 does not trust mitmproxy's CA for 'chatgpt.com'.")
    assert f"CODEX_CA_CERTIFICATE={ca}" in sentence
    assert f"NODE_EXTRA_CA_CERTS={ca}" in sentence
    assert "SSL_CERT_FILE" in sentence


async def test_turns_and_other_requests_are_counted(net: Network) -> None:
    """With what was changed in the turns, and what else was refused."""
    await net.upstream(responding(whole(status="401 Unauthorized")))
    proxy = await net.proxy()
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))
        await connection.post("/backend-api/wham/usage", method="GET")
    report = connection_stats(proxy).report()

    assert [report[name] for name in ("connections", "requests", "begun", "turns")] == [1, 2, 1, 1]
    assert report["opened"] == {"chatgpt.com": 1}
    assert report["statuses"] == {"401": 2}
    assert report["changed"] == {"session-id": 1, "session_id": 1, "x-client-request-id": 1}


def test_a_warm_up_is_no_turn_and_what_was_altered_for_it_counts() -> None:
    """With it a WebSocket's handshake is told of, which serves the turns behind it."""
    harness, stats = Harness(), ConnectionStats(State())
    for generate in (False, True):
        sent = harness.send(None, input=conversation("a"), generate=generate)
        sent.edits = replace(sent.edits, changed=("session-id",))
        stats.count(FinishedTurn(harness.end(sent), Entries(Pseudonyms(b"0" * 32), "run-1")))

    assert (stats.turns, stats.changed) == (1, {"session-id": 2})


@pytest.mark.parametrize(
    ("host", "noted"),
    [("chatgpt.com", {"chatgpt.com": "no route to chatgpt.com in this test"}), ("other.example", {})],
)
async def test_an_unreachable_backend_is_noted_with_its_error(net: Network, host: str, noted: dict[str, str]) -> None:
    """Other hosts are not."""
    proxy = await net.proxy()
    with pytest.raises(TunnelRefused):
        async with connected(proxy, host):
            pass

    assert connection_stats(proxy).report()["unreachable"] == noted


async def test_a_proxy_on_the_way_that_cannot_be_reached_is_noted(net: Network) -> None:
    proxy = await net.proxy(mode="upstream:http://gone.example:3128")
    await post(proxy)

    assert connection_stats(proxy).unreachable == {"the proxy gone.example": "no route to gone.example in this test"}


async def test_a_server_whose_certificate_is_not_trusted_is_noted(net: Network) -> None:
    await net.upstream()
    proxy = await net.proxy(ssl_verify_upstream_trusted_ca=str((await net.proxy()).ca_file))
    await post(proxy)

    assert connection_stats(proxy).unreachable["chatgpt.com"].startswith("Certificate verify failed")


def test_hosts_that_cannot_be_reached_are_bounded() -> None:
    """Clients choose the names of subdomains."""
    known = ConnectionStats(State())
    for number in range(2_000):
        server = tflow.tserver_conn()
        server.sni, server.error = f"{number % 1_500}.chatgpt.com", f"error {number}"
        known.server_connect_error(server_hooks.ServerConnectionHookData(server=server, client=tflow.tclient_conn()))

    assert 0 < len(known.unreachable) < 1_500
    assert known.unreachable["0.chatgpt.com"] == "error 1500"


def is_tunnelled(address: tuple[str, int] | None, sni: str | None, mode: str, **options: Any) -> bool:
    state = State()
    state.settings = parsed(**options)
    with taddons.context() as proxy:
        context = Context(tflow.tclient_conn(), proxy.options)
        context.client.proxy_mode, context.server.address = ProxyMode.parse(mode), address
        data = tls.ClientHelloData(context, cast(tls.ClientHello, SimpleNamespace(sni=sni)))
        Tunnel(state).tls_clienthello(data)
    return data.ignore_connection


@pytest.mark.parametrize(
    ("address", "sni", "mode", "expected"),
    [
        (("chatgpt.com", 443), "chatgpt.com", "regular", False),
        (("192.0.2.1", 443), "chatgpt.com", "transparent", False),
        (("other.example", 443), "other.example", "regular", True),
        (("other.example", 443), "other.example", "socks5", True),
        (None, None, "regular", False),
        (None, "proxy.example", "regular", False),
        (("other.example", 443), "localhost", "reverse:https://other.example", False),
    ],
)
def test_only_the_backends_connections_are_opened(
    address: tuple[str, int] | None, sni: str | None, mode: str, expected: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """And those to the proxy itself, and through a reverse proxy."""
    assert is_tunnelled(address, sni, mode) is expected
    assert not is_tunnelled(address, sni, mode, codex_tunnel="off")  # then mitmproxy decrypts it
    assert said(caplog) == []
