"""Runs the real opencode without a person at the keyboard."""

import json
from pathlib import Path

from client_tests import install
from client_tests.client import Client, Said
from client_tests.login import oauth_login, write_private

MODEL = "openai/gpt-5.5"


class OpenCode(Client):
    """It asks for a title beside its first turn, and speaks WebSocket only where that is switched on."""

    name = "opencode"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.opencode(),)

    def log_in(self) -> None:
        login = oauth_login() | {"type": "oauth"}
        write_private(self.stage.room / ".local" / "share" / "opencode" / "auth.json", {"openai": login})

    def start(self, prompt: str) -> Said:
        # An argument with spaces would be put in quotes.
        return self.run(*prompt.split())

    def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Said:
        return self.run("--session", conversation, *prompt.split())

    def run(self, *arguments: str) -> Said:
        command = [str(install.opencode()), "run", "--format", "json", "--auto", "--model", MODEL, *arguments]
        events = self.events(command, **self.settings())
        finished = [event for event in events if event["type"] == "step_finish"][-1]
        tokens = finished["part"]["tokens"]
        return Said(conversation=finished["sessionID"], input_tokens=tokens["input"] + tokens["cache"]["read"])

    def settings(self) -> dict[str, str]:
        settings = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        if self.stage.transport == "websocket":
            settings["OPENCODE_EXPERIMENTAL_WEBSOCKETS"] = "1"
        if self.stage.base_url:
            provider = {"openai": {"options": {"baseURL": self.stage.base_url}}}
            settings["OPENCODE_CONFIG_CONTENT"] = json.dumps({"provider": provider})
        return settings
