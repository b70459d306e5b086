"""The addon is one object with the hooks and the commands of all that it holds."""

from codexcache.addon import CodexContinuity
from mitmproxy.test import taddons


def test_mitmproxy_finds_all_hooks_and_commands_on_one_object() -> None:
    addon = CodexContinuity()
    hooks = ("request", "responseheaders", "response", "error", "websocket_message", "tls_clienthello", "configure")
    commands = {f"codex.{name}" for name in ("why", "diff", "turns", "status", "export", "report")}

    assert [name for name in hooks if not callable(getattr(addon, name, None))] == []
    assert not hasattr(addon, "addons")
    with taddons.context(addon) as context:
        assert commands <= set(context.master.commands.commands)
