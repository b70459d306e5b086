"""Runs the real Codex without a person at the keyboard."""

from pathlib import Path

from client_tests import install
from client_tests.client import Client, Event, Said
from client_tests.login import write_codex_login

# Nobody is there to be asked, and the command of the scene is harmless.
FLAGS = ("--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
COMPACT = ("-c", "model_auto_compact_token_limit=3000")


class Codex(Client):
    """The official client."""

    name = "Codex CLI"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.codex(version),)

    def log_in(self) -> None:
        write_codex_login(self.stage.room / ".codex")

    def start(self, prompt: str) -> Said:
        return said(self.exec(prompt))

    def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Said:
        return said(self.exec(*(COMPACT if compact else ()), "resume", conversation, prompt))

    def exec(self, *arguments: str) -> list[Event]:
        """Runs `codex exec` to its end."""
        command = [str(install.codex(self.version)), "exec", *FLAGS, *self.settings(), *arguments]
        return self.events(command, CODEX_HOME=str(self.stage.room / ".codex"), **self.variables())

    def settings(self) -> list[str]:
        """Returns how the base URL is said to 0.120 and newer."""
        return ["-c", f'openai_base_url="{self.stage.base_url}"'] if self.stage.base_url else []

    def variables(self) -> dict[str, str]:
        """Returns how the base URL is said to 0.98 and older."""
        return {"OPENAI_BASE_URL": self.stage.base_url} if self.stage.base_url else {}


class CodexProvider(Codex):
    """The official client with a provider of the user's own, which is the proxy."""

    name = "Codex CLI, own provider,"

    def settings(self) -> list[str]:
        provider = (
            f'{{name="proxy", base_url="{self.stage.base_url}", requires_openai_auth=true, wire_api="responses"}}'
        )
        websocket = {"websocket": ", supports_websockets=true}", "http": "}"}[self.stage.transport]
        return ["-c", 'model_provider="proxy"', "-c", f"model_providers.proxy={provider[:-1]}{websocket}"]


def said(events: list[Event]) -> Said:
    """Reads what it said; without counters at the end the turn was not finished."""
    started, completed = (of_type(events, kind)[-1] for kind in ("thread.started", "turn.completed"))
    return Said(conversation=started["thread_id"], input_tokens=completed["usage"]["input_tokens"])


def of_type(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["type"] == kind]
