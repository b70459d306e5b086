"""Settings that would quietly make the addon useless, and who can reach the proxy."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codexcache.hooks import config_checks
from codexcache.options import OPTIONS, Mode, Settings, default_settings
from conftest import Network
from mitmproxy import certs, options, optmanager, version
from mitmproxy.addonmanager import Loader
from mitmproxy.addons import default_addons
from mitmproxy.test import taddons
from support.client import connected, plainly_connected
from support.settings import parsed
from support.sockets import opened
from support.talks import post
from support.wire import JSON, RESPONSES, bearer, body, frame, said


def warned(hosts: str = "chatgpt.com", **values: Any) -> list[str]:
    return warned_with(parsed(codex_hosts=hosts), **values)


def warned_with(settings: Settings, **values: Any) -> list[str]:
    with taddons.context() as proxy:
        for addon in default_addons():
            if hasattr(addon, "load"):
                addon.load(Loader(proxy.master))  # which declares its options
        proxy.options.update_defer(**{"tcp_timeout": config_checks.SILENCE, "listen_host": "127.0.0.1", **values})
        return config_checks.warnings(proxy.options, settings)


NO_OPTION = "There is no option {!r}, so it does nothing. {}"
THE_WHOLE_HOST = r"^(.+\.)?chatgpt\.com:443$"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        *(
            ({name: "x"}, NO_OPTION.format(name, hint))
            for name, hint in (
                ("codex_mod", "Did you mean codex_mode?"),
                ("codex_host", "Did you mean codex_hosts?"),
                ("codex_bodylimit", "Did you mean codex_body_limit?"),
                ("codexxx", f"There are {', '.join(OPTIONS)}."),
            )
        ),
        ({"stream_large_bodies": "5m"}, "stream_large_bodies is 5m: "),
        ({"ignore_hosts": ["chatgpt"]}, "ignore_hosts matches chatgpt.com:443, "),
        (
            {"tcp_hosts": ["chatgpt"]},
            "tcp_hosts matches chatgpt.com, so turns to chatgpt.com pass unseen. Take it out of tcp_hosts.",
        ),
        ({"websocket": False}, "websocket is off, so turns over WebSocket pass unseen. Set websocket=true."),
        (
            {"mode": ["regular", "reverse:https://gateway.example:8443"]},
            "The reverse proxy leads to gateway.example, which is not in codex_hosts, so turns to it pass unseen. If "
            "it takes turns, set codex_hosts=chatgpt.com,gateway.example.",
        ),
        *(({"tcp_timeout": seconds}, f"tcp_timeout is {seconds}: ") for seconds in (0, 60, 3599)),
        *(({"body_size_limit": size}, f"body_size_limit is {size}") for size in ("1m", "63m")),
        *(
            ({"modify_headers": [pattern]}, "modify_headers gives every turn the same ")
            for pattern in (
                "/session-id/one",
                "/Authorization/Bearer x",
                "/~u responses/X-Session-Id/one",
                "/thread-id/one",
                "/idempotency-key/one",
            )
        ),
        *(
            (
                {"modify_body": [pattern] * 2},
                "modify_body gets at turns after they have been edited here: the key goes by ",
            )
            for pattern in ("/foo/bar", "/~q/foo/bar")
        ),
        ({"validate_inbound_headers": False}, "validate_inbound_headers is off: "),
        *(({"allow_hosts": [pattern]}, "allow_hosts ") for pattern in (r"^chatgpt\.com$", "openai", "(")),
    ],
    ids=str,
)
def test_what_makes_the_addon_useless_is_pointed_out(values: dict[str, Any], sentence: str) -> None:
    """mitmproxy itself drops an unknown option without a word."""
    (found,) = warned(**values)

    assert found.startswith(sentence)


@pytest.mark.parametrize("mode", ["fill", "pin", "observe"])
@pytest.mark.parametrize(
    ("values", "leaves"),
    [
        ({}, True),
        ({"server_replay_extra": "kill"}, False),
        ({"server_replay_extra": "404"}, False),
        ({"server_replay_kill_extra": True}, False),
        ({"server_replay_ignore_content": True}, None),
    ],
)
def test_a_replay_that_edits_would_miss_is_pointed_out(mode: Mode, values: dict[str, Any], leaves: bool | None) -> None:
    """With what keeps a turn from the real backend, unless that is set already."""
    sentences = warned_with(replace(default_settings(), mode=mode), server_replay=["day.mitm"], **values)

    assert len(sentences) == (leaves is not None and mode != "observe")
    for sentence in sentences:
        assert sentence.startswith(f"server_replay compares the body of a turn after codex_mode={mode} has edited it")
        assert ("server_replay_extra=kill keeps it here" in sentence) is leaves


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"unknown_option": "x"},
        {"ignore_hosts": [r"^(?!chatgpt\.com:443$)"]},
        {"ignore_hosts": ["("]},  # which mitmproxy refuses with a sentence of its own
        {"tcp_hosts": ["("]},
        {"tcp_hosts": [":443", "openai"]},  # they are compared with the host alone
        {"mode": ["reverse:https://gov.chatgpt.com"]},
        {"hosts": "gateway.example", "mode": ["reverse:http://gateway.example"]},
        *({"tcp_timeout": seconds} for seconds in (3600, config_checks.SILENCE)),
        *({"body_size_limit": size} for size in ("64m", "1g", None)),  # what the addon would read is the measure
        *(
            {"modify_headers": [pattern]}
            for pattern in (
                "/session-id/",
                "/user-agent/mine",
                "/!~d chatgpt.com/session-id/one",  # the filter does not let turns through
                "/~s/session-id/one",
                "nonsense",
            )
        ),
        *({"modify_body": [pattern] * 2} for pattern in ("/!~d chatgpt.com/foo/bar", "/~s/foo/bar")),
        *({"allow_hosts": [pattern]} for pattern in (r"^chatgpt\.com:443$", THE_WHOLE_HOST, "CHATGPT")),
        {"allow_hosts": ["openai", THE_WHOLE_HOST]},
    ],
    ids=str,
)
def test_what_does_no_harm_is_not(values: dict[str, Any]) -> None:
    assert warned(**values) == []


def test_repair_in_observe_is_pointed_out() -> None:
    said = "codex_repair does nothing while codex_mode is observe, which changes nothing. Use fill or pin."

    assert warned_with(parsed(codex_repair="spelling", codex_mode="observe")) == [said]
    assert warned_with(parsed(codex_repair="spelling")) == []


def test_the_way_out_is_said_for_each_host() -> None:
    """They are compared with host and port, which is easily missed."""
    (sentence,) = warned(hosts="chatgpt.com,other.example", allow_hosts=[THE_WHOLE_HOST])

    assert "Add '^(.+\\.)?other\\.example:443$' to it." in sentence
    assert "Add '^(.+\\.)?chatgpt\\.com:443$' to it." in warned(allow_hosts=["openai"])[0]
    assert warned(body_size_limit="1m")[0].endswith("or set it to no less than codex_body_limit.")
    assert warned(validate_inbound_headers=False)[0].endswith("Set validate_inbound_headers=true.")


def test_an_older_mitmproxy_has_no_limit_on_silence() -> None:
    config_checks.lengthen_silence(older := optmanager.OptManager())

    assert "tcp_timeout" not in older


@pytest.mark.parametrize("number", ["12.4.0", "13.0.0", "11.0.2", "12.20.0"])
async def test_an_untested_mitmproxy_is_pointed_out_and_works(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: str
) -> None:
    monkeypatch.setattr(version, "VERSION", number)
    upstream = await net.upstream()
    await post(await net.proxy(), prompt_cache_key="k")

    assert upstream.last.values("session-id") == ["k"]
    assert [f"this is {number}" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize("number", ["12.2.3", "12.3.1"])
def test_a_private_key_in_mitmproxy_is_told_of(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    """By its presence: a later version may be without it."""
    monkeypatch.setattr(version, "VERSION", number)
    assert warned() == []

    monkeypatch.setattr(certs, "EMUDHRA_CHAIN_PEM", b"", raising=False)
    assert warned() == [
        f"mitmproxy {number} contains the private key of a compromised CA (eMudhra), with which its options emudhra "
        "and emudhra_old sign. Codex Continuity never uses it. For a mitmproxy without it, install "
        "'mitmproxy>=12.2,<12.3'."
    ]


HARMLESS: dict[str, Any] = {"http2": False, "rawtcp": False, "upstream_cert": False, "connection_strategy": "lazy"}


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_not_pointed_out_does_no_harm(net: Network, caplog: pytest.LogCaptureFixture, name: str) -> None:
    upstream = await net.upstream()
    await post(await net.proxy(**{name: HARMLESS[name]}), prompt_cache_key="k")

    assert upstream.last.values("session-id") == ["k"]
    assert said(caplog) == []


HARMFUL: dict[str, Any] = {
    "body_size_limit": "10",  # then mitmproxy refuses the turn
    "tcp_hosts": ["chatgpt"],
    "allow_hosts": ["^chatgpt$"],
    "ignore_hosts": ["chatgpt"],
    "stream_large_bodies": "10",
}


@pytest.mark.parametrize("name", HARMFUL)
async def test_what_is_pointed_out_does_harm(net: Network, caplog: pytest.LogCaptureFixture, name: str) -> None:
    upstream = await net.upstream()
    proxy = await net.proxy(**{name: HARMFUL[name]})
    tls = net.backend_tls() if name in ("allow_hosts", "ignore_hosts") else None
    async with connected(proxy, tls=tls) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert [request for request in upstream.requests if request.values("session-id")] == []
    assert said(caplog)[0].startswith(f"{name} ")


async def test_without_websocket_a_frame_passes_without_its_key(net: Network) -> None:
    """The socket itself works, and so it would not be noticed."""
    backend = await net.backend()
    async with opened(await net.proxy(websocket=False), [("x-session-id", "s")]) as peer:
        await peer.ask(frame())

    assert [received.header("session-id") for received in backend.received if received.kind == "frame"] == ["s"]
    assert "prompt_cache_key" not in backend.received[-1].json


async def test_proxyauth_shuts_a_reverse_proxy(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """A client's own token stands where the password is looked for."""
    upstream = await net.upstream()
    proxy = await net.proxy(mode="reverse:https://chatgpt.com", proxyauth="user:secret")
    async with plainly_connected(proxy) as connection:
        reply = await connection.post("/v1/responses", [JSON, bearer()], body())

    assert (reply.status, upstream.requests) == (401, [])
    assert [sentence.partition(",")[0] for sentence in said(caplog)] == ["proxyauth is set"]


async def test_a_change_at_run_time_is_pointed_out_once(net: Network, caplog: pytest.LogCaptureFixture) -> None:
    """And again when it comes back; before the start nothing is said, as not all options are there yet."""
    assert config_checks.ConfigChecks().news(options.Options(), default_settings()) == []
    proxy = await net.proxy()
    proxy.master.options.update(websocket=False)
    proxy.master.options.update(anticache=True)
    proxy.master.options.update(codex_mode="pin", tcp_timeout=5)
    proxy.master.options.update(websocket=True)
    proxy.master.options.update(websocket=False)

    assert [sentence.split()[0] for sentence in said(caplog)] == ["websocket", "tcp_timeout", "websocket"]


async def test_a_fault_in_a_check_costs_nothing(
    net: Network, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The proxy starts, and options can be set."""
    monkeypatch.setattr(config_checks, "exposure_warnings", lambda options: 1 // 0)
    proxy = await net.proxy()
    proxy.master.options.update(websocket=False)

    assert ["ZeroDivisionError" in line for line in said(caplog)] == [True]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param("folder", "that is a folder", id="a folder"),
        pytest.param("none/journal.jsonl", "there is no folder ", id="no folder"),
    ],
)
def test_a_journal_that_cannot_be_written_is_pointed_out_before_the_first_turn(
    place: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    settings = replace(default_settings(), journal=str(tmp_path / place))
    (sentence,) = warned_with(settings)

    assert sentence.startswith(f"codex_journal is {settings.journal}, but {reason}")
    assert warned_with(good := replace(settings, journal=str(tmp_path / "folder" / "journal.jsonl"))) == []
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert ["but it may not be written" in sentence for sentence in warned_with(good)] == [True]


def exposed(mode: str = "regular", *more: str, **values: Any) -> list[str]:
    """Return the warnings of a proxy that listens where mitmproxy itself would."""
    return warned(mode=[mode, *more], **{"listen_host": "", **values})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
@pytest.mark.parametrize("mode", ["regular", "upstream:http://127.0.0.1:1", "socks5", "reverse:https://chatgpt.com"])
def test_on_loopback_there_is_nothing_to_say(host: str, mode: str) -> None:
    assert exposed(mode, listen_host=host) == []


@pytest.mark.parametrize("mode", ["transparent", "wireguard", "local:nobody", "dns"])
def test_other_ways_in_have_their_own_locks(mode: str) -> None:
    """A route, a key, this machine; with `-n`, as where a capture is read, the proxy listens nowhere."""
    assert exposed(mode) == exposed(server=False) == []


@pytest.mark.parametrize("mode", ["regular", "upstream:http://127.0.0.1:1", "socks5"])
@pytest.mark.parametrize(
    ("host", "shown"),
    [("", "all addresses"), ("0.0.0.0", "all addresses"), ("192.0.2.1", "192.0.2.1"), ("box.example", "box.example")],
)
def test_a_proxy_for_others_without_a_password_is_pointed_out(mode: str, host: str, shown: str) -> None:
    """With the two ways out; mitmproxy itself listens on all addresses."""
    assert exposed(mode, listen_host=host) == [
        f"The proxy listens on {shown} without proxyauth, so anyone in your network who reaches it can use it. For "
        "this machine alone, start it with --listen-host 127.0.0.1; for others, set proxyauth=USER:PASSWORD."
    ]
    assert exposed(mode, listen_host=host, proxyauth="user:secret") == []


def test_a_host_of_one_mode_wins_over_that_of_all() -> None:
    """In both directions; several ways in are one fault."""
    assert exposed("regular@127.0.0.1:8080", listen_host="") == []
    assert len(exposed("regular@192.0.2.1:8080", listen_host="127.0.0.1")) == 1
    assert len(exposed("regular@8080", "upstream:http://127.0.0.1:1@8081")) == 1


@pytest.mark.parametrize("mode", ["reverse:https://chatgpt.com", "transparent", "wireguard", "local:nobody"])
def test_a_password_that_shuts_everyone_out_is_pointed_out(mode: str) -> None:
    """It is looked for where clients have their own token."""
    (sentence,) = exposed(mode, listen_host="127.0.0.1", proxyauth="user:secret")
    assert sentence.startswith(f"proxyauth is set, but in {mode.partition(':')[0]} mode ")


def test_a_door_to_the_internet_and_tokens_in_the_clear_are_pointed_out() -> None:
    """mitmproxy turns public addresses away unless it is told not to; a reverse proxy is spoken to by http."""
    (open_to_all,) = exposed(block_global=False)
    (clear,) = exposed("reverse:https://chatgpt.com", listen_host="0.0.0.0")

    assert "anyone on the internet (block_global is off) who reaches it" in open_to_all
    assert clear.startswith("The reverse proxy listens on all addresses: ")
