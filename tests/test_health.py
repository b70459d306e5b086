"""Settings that would quietly make the addon useless."""

from typing import Any

import pytest
from codexcache import health
from codexcache.settings import OPTIONS, parse_settings
from conftest import Stage
from mitmproxy import options, optmanager, version
from support.client import connected
from support.wire import JSON, RESPONSES, body, said


def warned(hosts: str = "chatgpt.com", **values: Any) -> list[str]:
    opts = options.Options()
    opts.add_option("stream_large_bodies", str | None, None, "")
    opts.update_defer(**values)
    settings = parse_settings({name: default for name, (default, _) in OPTIONS.items()} | {"codex_hosts": hosts})
    return health.warnings(opts, settings)


def test_a_plain_start_has_nothing_to_say() -> None:
    """Nor has one with settings that do no harm."""
    assert warned() == []
    assert warned(tcp_timeout=1, unknown_option="x") == []


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


@pytest.mark.parametrize(("value", "expected"), [(None, health.SILENCE), (1200, 1200)])
def test_the_limit_on_silence_is_raised_where_it_is_mitmproxys_own(value: int | None, expected: int) -> None:
    """A user's value stands."""
    opts = optmanager.OptManager()
    opts.add_option("tcp_timeout", int, 600, "")
    opts.update(**({"tcp_timeout": value} if value else {}))
    health.lengthen_silence(opts)

    assert opts.tcp_timeout == expected


@pytest.mark.parametrize("number", ["12.3.1", "13.0.0", "11.0.2", "12.20.0"])
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
