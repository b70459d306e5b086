"""Settings that would quietly make the addon useless."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from codexcache.hooks import config_checks
from codexcache.options import OPTIONS, Settings, default_settings, parse_settings
from conftest import Stage
from mitmproxy import certs, options, optmanager, version
from support.client import connected, plainly_connected
from support.sockets import opened
from support.wire import JSON, RESPONSES, bearer, body, frame, said

OTHERS: dict[str, tuple[Any, Any]] = {
    "block_global": (bool, True),
    "body_size_limit": (str | None, None),
    "modify_body": (list, []),
    "modify_headers": (list, []),
    "proxyauth": (str | None, None),
    "stream_large_bodies": (str | None, None),
    "validate_inbound_headers": (bool, True),
}
"""Options that mitmproxy's own addons declare."""

ALONE = {"listen_host": "127.0.0.1"}


def warned(hosts: str = "chatgpt.com", **values: Any) -> list[str]:
    settings = parse_settings({name: default for name, (default, _) in OPTIONS.items()} | {"codex_hosts": hosts})
    return warned_with(settings, **values)


def warned_with(settings: Settings, **values: Any) -> list[str]:
    opts = options.Options()
    for name, (kind, default) in OTHERS.items():
        opts.add_option(name, kind, default, "")
    opts.update_defer(**{"tcp_timeout": config_checks.SILENCE, **ALONE, **values})
    return config_checks.warnings(opts, settings)


def test_a_plain_start_has_nothing_to_say() -> None:
    """Nor has one with settings that do no harm."""
    assert warned() == []
    assert warned(unknown_option="x") == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("codex_mod", "Did you mean codex_mode?"),
        ("codex_host", "Did you mean codex_hosts?"),
        ("codex_bodylimit", "Did you mean codex_body_limit?"),
        ("codexxx", f"There are {', '.join(OPTIONS)}."),
    ],
)
def test_an_unknown_option_comes_with_a_hint(name: str, hint: str) -> None:
    """mitmproxy itself drops it without a word."""
    assert warned(**{name: "x"}) == [f"There is no option {name!r}, so it does nothing. {hint}"]


def test_streamed_requests_are_pointed_out() -> None:
    """They are gone before they can be read."""
    (sentence,) = warned(stream_large_bodies="5m")
    assert sentence.startswith("stream_large_bodies is 5m: ")


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        (r"^chatgpt\.com:443$", True),
        (r"^(.+\.)?chatgpt\.com:443$", True),
        ("CHATGPT", True),
        (r"^chatgpt\.com$", False),
        ("openai", False),
    ],
)
def test_allow_hosts_that_miss_the_backend_are_pointed_out(pattern: str, seen: bool) -> None:
    """They are compared with host and port, which is easily missed."""
    sentences = warned(allow_hosts=[pattern])
    assert (sentences == []) is seen
    assert all("Add '^(.+\\.)?chatgpt\\.com:443$' to it." in sentence for sentence in sentences)


def test_what_the_sentence_says_to_add_helps() -> None:
    """For the host and its subdomains."""
    assert warned(allow_hosts=["openai", r"^(.+\.)?chatgpt\.com:443$"]) == []
    assert len(warned(hosts="chatgpt.com,other.example", allow_hosts=[r"^(.+\.)?chatgpt\.com:443$"])) == 1


def test_ignore_hosts_that_match_the_backend_are_pointed_out() -> None:
    """Turns would pass unseen."""
    (sentence,) = warned(ignore_hosts=["chatgpt"])
    assert sentence.startswith("ignore_hosts matches chatgpt.com:443, ")
    assert warned(ignore_hosts=[r"^(?!chatgpt\.com:443$)"]) == []


@pytest.mark.parametrize(("value", "expected"), [(None, config_checks.SILENCE), (1200, 1200)])
def test_the_limit_on_silence_is_raised_where_it_is_mitmproxys_own(value: int | None, expected: int) -> None:
    """A user's value stands."""
    opts = optmanager.OptManager()
    opts.add_option("tcp_timeout", int, 600, "")
    opts.update(**({"tcp_timeout": value} if value else {}))
    config_checks.lengthen_silence(opts)

    assert opts.tcp_timeout == expected


@pytest.mark.parametrize("number", ["12.4.0", "13.0.0", "11.0.2", "12.20.0"])
async def test_an_untested_mitmproxy_is_pointed_out_and_works(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: str
) -> None:
    """It may well be fine."""
    monkeypatch.setattr(version, "VERSION", number)
    upstream = await stage.upstream()
    async with connected(await stage.proxy()) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]
    assert len(said(caplog)) == 1
    assert f"this is {number}" in said(caplog)[0]


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


def test_tcp_hosts_that_match_the_backend_are_pointed_out() -> None:
    """They are compared with the host alone."""
    assert warned(tcp_hosts=["chatgpt"]) == [
        "tcp_hosts matches chatgpt.com, so turns to chatgpt.com pass unseen. Take it out of tcp_hosts."
    ]
    assert warned(tcp_hosts=[":443", "openai"]) == []


@pytest.mark.parametrize("name", ["allow_hosts", "ignore_hosts", "tcp_hosts"])
def test_a_pattern_that_is_none_is_left_to_mitmproxy(name: str) -> None:
    """It refuses it with a sentence of its own."""
    values: dict[str, Any] = {name: ["("]}
    assert len(warned(**values)) == (name == "allow_hosts")


@pytest.mark.parametrize(
    ("seconds", "spoken"), [(0, True), (60, True), (3599, True), (3600, False), (config_checks.SILENCE, False)]
)
def test_a_short_limit_on_silence_is_pointed_out(seconds: int, spoken: bool) -> None:
    """It cuts what is still in use."""
    sentences = warned(tcp_timeout=seconds)
    assert [sentence.partition(":")[0] for sentence in sentences] == [f"tcp_timeout is {seconds}"] * spoken


def test_without_websocket_turns_pass_unseen() -> None:
    """Those that come by it."""
    assert warned(websocket=False) == ["websocket is off, so turns over WebSocket pass unseen. Set websocket=true."]


@pytest.mark.parametrize(
    ("size", "spoken"), [("1m", True), ("63m", True), ("64m", False), ("1g", False), (None, False)]
)
def test_a_limit_under_the_size_of_turns_is_pointed_out(size: str | None, spoken: bool) -> None:
    """What the addon would read is the measure."""
    sentences = warned(body_size_limit=size)
    assert [sentence.endswith("or set it to no less than codex_body_limit.") for sentence in sentences] == (
        [True] * spoken
    )


def test_a_reverse_proxy_to_a_host_that_nobody_named_is_pointed_out() -> None:
    """With the option that names it."""
    assert warned(mode=["regular", "reverse:https://gateway.example:8443"]) == [
        "The reverse proxy leads to gateway.example, which is not in codex_hosts, so turns to it pass unseen. If it "
        "takes turns, set codex_hosts=chatgpt.com,gateway.example."
    ]
    assert warned(mode=["reverse:https://gov.chatgpt.com"]) == []
    assert warned("gateway.example", mode=["reverse:http://gateway.example"]) == []


@pytest.mark.parametrize(
    ("pattern", "spoken"),
    [
        ("/session-id/one", True),
        ("/Authorization/Bearer x", True),
        ("/~u responses/X-Session-Id/one", True),
        ("/thread-id/one", True),
        ("/idempotency-key/one", True),
        ("/session-id/", False),
        ("/user-agent/mine", False),
        ("/!~d chatgpt.com/session-id/one", False),
        ("/~s/session-id/one", False),
        ("nonsense", False),
    ],
)
def test_one_identity_for_every_turn_is_pointed_out(pattern: str, spoken: bool) -> None:
    """Only where the filter lets turns through."""
    sentences = warned(modify_headers=[pattern])
    assert [sentence.startswith("modify_headers gives every turn the same ") for sentence in sentences] == [
        True
    ] * spoken


@pytest.mark.parametrize(
    ("pattern", "spoken"),
    [("/foo/bar", True), ("/~q/foo/bar", True), ("/!~d chatgpt.com/foo/bar", False), ("/~s/foo/bar", False)],
)
def test_bodies_that_are_rewritten_later_are_pointed_out(pattern: str, spoken: bool) -> None:
    """The verdict would be on another prompt."""
    sentences = warned(modify_body=[pattern, pattern])
    assert [sentence.startswith("modify_body gets at turns ") for sentence in sentences] == [True] * spoken


def test_headers_that_are_not_checked_are_pointed_out() -> None:
    """Two servers can read them in two ways."""
    (sentence,) = warned(validate_inbound_headers=False)
    assert sentence.endswith("Set validate_inbound_headers=true.")


HARMLESS: dict[str, Any] = {"http2": False, "rawtcp": False, "upstream_cert": False, "connection_strategy": "lazy"}


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_not_pointed_out_does_no_harm(stage: Stage, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Turns get their key."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(**{name: HARMLESS[name]})
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == ["k"]
    assert said(caplog) == []


HARMFUL: dict[str, Any] = {
    "tcp_hosts": ["chatgpt"],
    "allow_hosts": ["^chatgpt$"],
    "ignore_hosts": ["chatgpt"],
    "stream_large_bodies": "10",
}


@pytest.mark.parametrize("name", HARMFUL)
async def test_what_is_pointed_out_does_harm(stage: Stage, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """The turn passes without its key."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(**{name: HARMFUL[name]})
    tls = None if name in ("tcp_hosts", "stream_large_bodies") else stage.backend_tls()
    async with connected(proxy, tls=tls) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k"))

    assert upstream.last.values("session-id") == []
    assert said(caplog)[0].startswith(f"{name} ")


async def test_without_websocket_a_frame_passes_without_its_key(stage: Stage) -> None:
    """The socket itself works, and so it would not be noticed."""
    backend = await stage.backend()
    async with opened(await stage.proxy(websocket=False), [("x-session-id", "s")]) as peer:
        await peer.ask(frame())

    assert [received.header("session-id") for received in backend.received if received.kind == "frame"] == ["s"]
    assert "prompt_cache_key" not in backend.received[-1].json


async def test_a_turn_over_the_limit_is_refused(stage: Stage) -> None:
    """By mitmproxy."""
    upstream = await stage.upstream()
    async with connected(await stage.proxy(body_size_limit="10")) as connection:
        reply = await connection.post(RESPONSES, [JSON], body())

    assert (reply.status, upstream.requests) == (413, [])


async def test_proxyauth_shuts_a_reverse_proxy(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A client's own token stands where the password is looked for."""
    upstream = await stage.upstream()
    proxy = await stage.proxy(mode="reverse:https://chatgpt.com", proxyauth="user:secret")
    async with plainly_connected(proxy) as connection:
        reply = await connection.post("/v1/responses", [JSON, bearer()], body())

    assert (reply.status, upstream.requests) == (401, [])
    assert [sentence.partition(",")[0] for sentence in said(caplog)] == ["proxyauth is set"]


async def test_a_change_while_the_proxy_runs_is_pointed_out_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """And again when it comes back."""
    proxy = await stage.proxy()
    proxy.master.options.update(websocket=False)
    proxy.master.options.update(anticache=True)
    proxy.master.options.update(codex_mode="pin", tcp_timeout=5)
    proxy.master.options.update(websocket=True)
    proxy.master.options.update(websocket=False)

    assert [sentence.split()[0] for sentence in said(caplog)] == ["websocket", "tcp_timeout", "websocket"]


async def test_a_fault_in_a_check_costs_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The proxy starts, and options can be set."""
    monkeypatch.setattr(config_checks, "_CHECKS", (lambda options, settings: 1 // 0,))
    proxy = await stage.proxy()
    proxy.master.options.update(websocket=False)

    assert len(said(caplog)) == 1
    assert "ZeroDivisionError" in said(caplog)[0]


def test_nothing_is_said_before_the_start() -> None:
    """Not all options are there yet."""
    assert config_checks.ConfigChecks().news(options.Options(), default_settings()) == []


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param("folder", "that is a folder", id="a folder"),
        pytest.param("none/journal.jsonl", "there is no folder ", id="no folder"),
    ],
)
def test_a_journal_that_cannot_be_written_is_pointed_out_before_the_first_turn(
    place: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    settings = replace(default_settings(), journal=str(tmp_path / place))

    (sentence,) = warned_with(settings)
    assert sentence.startswith(f"codex_journal is {settings.journal}, but {reason}")
    assert warned_with(replace(settings, journal=str(tmp_path / "folder" / "journal.jsonl"))) == []


def test_a_journal_that_may_not_be_written_is_pointed_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    (sentence,) = warned_with(replace(default_settings(), journal=str(tmp_path / "journal.jsonl")))

    assert "but it may not be written" in sentence


def test_an_older_mitmproxy_has_no_limit_that_could_be_raised() -> None:
    opts = optmanager.OptManager()
    config_checks.lengthen_silence(opts)

    assert "tcp_timeout" not in opts
