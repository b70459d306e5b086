"""Runs the real pi without a person at the keyboard."""

import os
from pathlib import Path

from client_tests import install
from client_tests.client import Client, Said
from client_tests.login import oauth_login, write_private

FLAGS = ("--mode", "json", "--print", "--provider", "openai-codex", "--model", "gpt-5.5")


class Pi(Client):
    """It speaks WebSocket if its Node can and the backend does."""

    name = "pi"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.pi(version), install.node())

    def log_in(self) -> None:
        home = self.stage.room / ".pi" / "agent"
        write_private(home / "auth.json", {"openai-codex": oauth_login() | {"type": "oauth"}})
        if self.stage.base_url:
            write_private(home / "models.json", {"providers": {"openai-codex": {"baseUrl": self.stage.base_url}}})

    def start(self, prompt: str) -> Said:
        return self.run(prompt)

    def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Said:
        return self.run("--session", conversation, prompt)

    def run(self, *arguments: str) -> Said:
        command = [str(install.pi(self.version)), *FLAGS, *arguments]
        events = self.events(command, **settings())
        [session] = [event for event in events if event["type"] == "session"]
        usage = [
            event["message"]["usage"]
            for event in events
            if event["type"] == "message_end" and "usage" in event["message"]
        ]
        return Said(conversation=session["id"], input_tokens=usage[-1]["input"] + usage[-1]["cacheRead"])


def settings() -> dict[str, str]:
    path = f"{install.node().parent}:{os.environ['PATH']}"  # its file says that node is to run it
    return {"PATH": path, "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}
