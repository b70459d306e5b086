"""Start and end of the addon, and its options while it runs."""

import gc
import logging
from pathlib import Path

import pytest
from codexcache import __version__
from codexcache.addon import CodexContinuity
from codexcache.hooks.lifecycle import Lifecycle
from codexcache.hooks.state import State
from codexcache.options import OPTIONS
from conftest import Stage
from embedded_backend.certificates import Authority
from mitmproxy import exceptions
from mitmproxy.proxy.layers import websocket
from mitmproxy.test import taddons
from support.client import connected
from support.proxy import running_proxy
from support.wire import JSON, RESPONSES, body, said


async def test_the_start_says_what_is_on(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """One line with the version, the hosts and the mode."""
    caplog.set_level(logging.INFO)
    await stage.proxy(codex_mode="pin", codex_hosts="chatgpt.com,codex.example")

    lines = [record.getMessage() for record in caplog.records if record.name == "codexcache.hooks.lifecycle"]
    assert lines == [f"Codex Continuity {__version__} is on for chatgpt.com, codex.example (codex_mode pin)."]


async def test_the_start_names_the_options_that_are_set(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Those that are not as by default."""
    caplog.set_level(logging.INFO)
    await stage.proxy(codex_redact="on", codex_mode="observe", codex_body_limit="64m")

    lines = [record.getMessage() for record in caplog.records if record.name == "codexcache.hooks.lifecycle"]
    assert lines == [f"Codex Continuity {__version__} is on for chatgpt.com (codex_mode observe, codex_redact=on)."]


BAD = {
    "codex_mode": ["", "Fill", "off"],
    "codex_hosts": ["", ",", "https://chatgpt.com", "chatgpt.com:443", "chatgpt.com/x", "*.chatgpt.com"],
    "codex_strip": ["a b", "a.b", "input", "x,model", "previous_response_id"],
    "codex_learn": ["a b", "input"],
    "codex_body_limit": ["", "0", "-1", "1.5m", "64 mb", "lots"],
    "codex_view_limit": ["0", "none"],
    "codex_intercept": ["misses", "hit", "cold;idle"],
    "codex_redact": ["", "2"],
    "codex_tunnel": ["", "maybe"],
    "codex_otel": ["", "http://127.0.0.1:4318"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
async def test_a_bad_value_is_rolled_back_while_the_proxy_runs(stage: Stage, name: str, value: str) -> None:
    """The sentence names option and value, and the old setting holds."""
    upstream = await stage.upstream()
    proxy = await stage.proxy()
    with pytest.raises(exceptions.OptionsError, match=f"^{name} is .*, but it takes "):
        proxy.master.options.update(**{name: value})

    assert getattr(proxy.master.options, name) == OPTIONS[name][0]
    async with connected(proxy) as connection:
        await connection.post(RESPONSES, [JSON], body(prompt_cache_key="k", stream_options={}))
    assert upstream.last.body == body(prompt_cache_key="k")
    assert upstream.last.values("session-id") == ["k"]


async def test_an_unrelated_option_changes_no_setting(stage: Stage) -> None:
    """Settings are parsed when one of the addon's own options changes."""
    addon = CodexContinuity()
    proxy = await stage.proxy(addon)
    before = addon.state.settings
    proxy.master.options.update(anticache=True)
    assert addon.state.settings is before
    proxy.master.options.update(codex_mode="pin")
    assert addon.state.settings.mode == "pin"


async def test_the_end_leaves_mitmproxy_as_it_was(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The repair of WebSocket messages goes with the addon, and without faults there is nothing to say."""
    before = websocket.Fragmentizer
    proxy = await stage.proxy()
    assert websocket.Fragmentizer is not before
    proxy.master.addons.remove(proxy.master.addons.get("codex_continuity"))

    assert websocket.Fragmentizer is before
    assert said(caplog) == []


async def test_silent_connections_are_kept_for_a_day_unless_the_user_says_otherwise(stage: Stage) -> None:
    """mitmproxy's ten minutes cut long reasoning."""
    assert (await stage.proxy()).master.options.tcp_timeout == 86400
    assert (await stage.proxy(tcp_timeout=700)).master.options.tcp_timeout == 700


async def test_what_is_loaded_at_the_start_is_left_to_itself_until_the_end(confdir: Path, authority: Authority) -> None:
    """The garbage collector would hold up all streams while it looks at everything."""
    before = gc.get_freeze_count()
    async with running_proxy(CodexContinuity(), confdir=confdir, upstream_ca=authority.ca_file):
        during = gc.get_freeze_count()

    assert (before, gc.get_freeze_count()) == (0, 0)
    assert during > 10_000


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param(
            ["--set", "codex_hosts=a.example", "--set", "codex_hosts=b.example"], "a.example,b.example", id="set"
        ),
        pytest.param(["a.example", "b.example"], "a.example,b.example", id="a list"),
        pytest.param("a.example", "a.example", id="a text"),
    ],
)
def test_an_option_that_is_given_several_values_is_a_list(given: str | list[str], text: str) -> None:
    """In config.yaml, or by `--set` again and again, as for mitmproxy's own lists; it would drop the script."""
    assert _loaded("codex_hosts", given) == text


def test_an_option_can_be_a_number_or_a_switch_in_config_yaml() -> None:
    assert _loaded("codex_body_limit", 1_000_000) == "1000000"
    assert _loaded("codex_redact", True) == "True"
    assert _loaded("codex_journal", None) is None


def _loaded(name: str, given: object) -> object:
    """Return what an option is once the addon is loaded to which it was given before."""
    with taddons.context() as context:
        if isinstance(given, list) and given[0] == "--set":
            context.options.set(*given[1::2], defer=True)
        else:
            context.options.update_defer(**{name: given})
        context.master.addons.register(Lifecycle(State()))
        return getattr(context.options, name)
