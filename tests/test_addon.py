"""The addon is one object with the hooks and the commands of all that it holds."""

from codexcache.addon import CodexContinuity
from mitmproxy.test import taddons


def test_mitmproxy_finds_all_hooks_on_one_object() -> None:
    addon = CodexContinuity()
    wanted = ("request", "responseheaders", "response", "error", "websocket_message", "tls_clienthello", "configure")

    assert [name for name in wanted if not callable(getattr(addon, name, None))] == []
    assert not hasattr(addon, "addons")


def test_mitmproxy_finds_the_commands_of_all_that_it_holds() -> None:
    with taddons.context(CodexContinuity()) as context:
        commands = [name for name in context.master.commands.commands if name.startswith("codex.")]

    assert {"codex.why", "codex.diff", "codex.turns", "codex.status", "codex.export", "codex.report"} <= set(commands)
