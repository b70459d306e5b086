"""Who can reach the proxy, and what guards it."""

from typing import Any

import pytest
from codexcache.hooks import config_checks
from mitmproxy import options


def warned(*modes: str, **values: Any) -> list[str]:
    opts = options.Options()
    opts.add_option("block_global", bool, True, "")
    opts.add_option("proxyauth", str | None, None, "")
    opts.update(mode=list(modes or ["regular"]), **values)
    return list(config_checks.exposure_warnings(opts))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
@pytest.mark.parametrize("mode", ["regular", "upstream:http://127.0.0.1:1", "socks5", "reverse:https://chatgpt.com"])
def test_on_loopback_there_is_nothing_to_say(host: str, mode: str) -> None:
    """Whichever way in it is."""
    assert warned(mode, listen_host=host) == []


@pytest.mark.parametrize("mode", ["transparent", "wireguard", "local:nobody", "dns"])
def test_other_ways_in_have_their_own_locks(mode: str) -> None:
    """A route, a key, this machine; with `-n`, as where a capture is read, the proxy listens nowhere."""
    assert warned(mode) == warned(server=False) == []


@pytest.mark.parametrize("mode", ["regular", "upstream:http://127.0.0.1:1", "socks5"])
@pytest.mark.parametrize(
    ("host", "shown"),
    [("", "all addresses"), ("0.0.0.0", "all addresses"), ("192.0.2.1", "192.0.2.1"), ("box.example", "box.example")],
)
def test_a_proxy_for_others_without_a_password_is_pointed_out(mode: str, host: str, shown: str) -> None:
    """With the two ways out; mitmproxy itself listens on all addresses."""
    assert warned(mode, listen_host=host) == [
        f"The proxy listens on {shown} without proxyauth, so anyone in your network who reaches it can use it. For "
        "this machine alone, start it with --listen-host 127.0.0.1; for others, set proxyauth=USER:PASSWORD."
    ]
    assert warned(mode, listen_host=host, proxyauth="user:secret") == []


def test_a_host_of_one_mode_wins_over_that_of_all() -> None:
    """In both directions; several ways in are one fault."""
    assert warned("regular@127.0.0.1:8080", listen_host="") == []
    assert len(warned("regular@192.0.2.1:8080", listen_host="127.0.0.1")) == 1
    assert len(warned("regular@8080", "upstream:http://127.0.0.1:1@8081")) == 1


@pytest.mark.parametrize("mode", ["reverse:https://chatgpt.com", "transparent", "wireguard", "local:nobody"])
def test_a_password_that_shuts_everyone_out_is_pointed_out(mode: str) -> None:
    """It is looked for where clients have their own token."""
    (sentence,) = warned(mode, listen_host="127.0.0.1", proxyauth="user:secret")
    assert sentence.startswith(f"proxyauth is set, but in {mode.partition(':')[0]} mode ")


def test_a_door_to_the_internet_and_tokens_in_the_clear_are_pointed_out() -> None:
    """mitmproxy turns public addresses away unless it is told not to; a reverse proxy is spoken to by http."""
    (open_to_all,) = warned(block_global=False)
    (clear,) = warned("reverse:https://chatgpt.com", listen_host="0.0.0.0")

    assert "anyone on the internet (block_global is off) who reaches it" in open_to_all
    assert clear.startswith("The reverse proxy listens on all addresses: ")
