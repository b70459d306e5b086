"""Which TLS connections are opened."""

from typing import Any

import pytest
from codexcache.hooks.state import State
from codexcache.hooks.tls import Tunnel
from mitmproxy import tls
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow
from support.settings import parsed
from support.wire import said


class Hello:
    """A ClientHello, as far as it is looked at."""

    def __init__(self, sni: str | None) -> None:
        self.sni = sni


def is_tunnelled(address: tuple[str, int] | None, sni: str | None, mode: str = "regular", **options: Any) -> bool:
    state = State()
    state.settings = parsed(**options)
    with taddons.context() as proxy:
        context = Context(tflow.tclient_conn(), proxy.options)
        context.client.proxy_mode = ProxyMode.parse(mode)
        context.server.address = address
        data = tls.ClientHelloData(context, Hello(sni))  # type: ignore[arg-type]
        Tunnel(state).tls_clienthello(data)
    return data.ignore_connection


@pytest.mark.parametrize(
    ("address", "sni", "mode", "expected"),
    [
        (("chatgpt.com", 443), "chatgpt.com", "regular", False),
        (("gov.chatgpt.com", 443), "gov.chatgpt.com", "regular", False),
        (("chatgpt.com", 443), None, "regular", False),
        (("192.0.2.1", 443), "chatgpt.com", "transparent", False),
        (("192.0.2.1", 443), "other.example", "transparent", True),
        (("192.0.2.1", 443), None, "transparent", True),
        (("other.example", 443), "other.example", "regular", True),
        (("notchatgpt.com", 443), "notchatgpt.com", "regular", True),
        (("other.example", 443), "other.example", "upstream:http://127.0.0.1:1", True),
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
