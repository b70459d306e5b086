"""The official clients as processes, without a person at the keyboard: Codex, opencode and pi."""

import json
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from client_tests import install
from client_tests.environment import Environment
from client_tests.login import oauth_login, write_codex_login, write_private

type Event = dict[str, Any]

# There is no one to be asked, and the command of the conversation is harmless.
_CODEX = ("--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
_COMPACT = ("-c", "model_auto_compact_token_limit=3000")
_OPENCODE = ("run", "--format", "json", "--auto", "--model", "openai/gpt-5.5")
_PI = ("--mode", "json", "--print", "--provider", "openai-codex", "--model", "gpt-5.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a client said of a run: the conversation's id, and the input tokens that it counted."""

    conversation: str
    input_tokens: int


class Client(ABC):
    """A version of a client, logged in, in a folder of its own. Each run is one process, which has to end well."""

    name: ClassVar[str]

    def __init__(self, version: str, environment: Environment) -> None:
        self.version = version
        self.environment = environment
        self.log_in()

    @classmethod
    @abstractmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        """Return what has to be installed."""

    @abstractmethod
    def log_in(self) -> None:
        """Write what a login and the settings of the case would have left."""

    @abstractmethod
    async def start(self, prompt: str) -> Result:
        """Begin a conversation."""

    @abstractmethod
    async def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Result:
        """Continue a conversation; its history is compacted before, if it is to be and the client can."""

    async def events(self, *command: str | Path, **variables: str) -> list[Event]:
        """Run a command that prints an event a line, with more variables in its environment."""
        lines = (await self.environment.output([*map(str, command)], **variables)).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class Codex(Client):
    """The official client."""

    name = "Codex CLI"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.codex(version),)

    def log_in(self) -> None:
        write_codex_login(self.environment.folder / ".codex")

    async def start(self, prompt: str) -> Result:
        return await self.exec(prompt)

    async def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Result:
        return await self.exec(*(_COMPACT if compact else ()), "resume", conversation, prompt)

    async def exec(self, *arguments: str) -> Result:
        """Run `codex exec` to its end; without counters at its end the turn was not finished."""
        words = (*_CODEX, *self.settings(), *arguments)
        events = await self.events(install.codex(self.version), "exec", *words, **self.variables())
        started, completed = (of_type(events, kind)[-1] for kind in ("thread.started", "turn.completed"))
        return Result(conversation=started["thread_id"], input_tokens=completed["usage"]["input_tokens"])

    def settings(self) -> list[str]:
        """Return how 0.120 and newer are told the base URL."""
        return ["-c", f'openai_base_url="{self.environment.base_url}"'] if self.environment.base_url else []

    def variables(self) -> dict[str, str]:
        """Return where its home is, and how 0.98 and older are told the base URL."""
        home = {"CODEX_HOME": str(self.environment.folder / ".codex")}
        return home | ({"OPENAI_BASE_URL": self.environment.base_url} if self.environment.base_url else {})


class CodexProvider(Codex):
    """The official client with a provider of the user's own, which is the proxy."""

    name = "Codex CLI, own provider,"

    def settings(self) -> list[str]:
        members = [
            'name="proxy"',
            f'base_url="{self.environment.base_url}"',
            "requires_openai_auth=true",
            'wire_api="responses"',
            *(["supports_websockets=true"] if self.environment.transport == "websocket" else []),
        ]
        return ["-c", 'model_provider="proxy"', "-c", f"model_providers.proxy={{{', '.join(members)}}}"]


class OpenCode(Client):
    """It asks for a title during its first turn, and speaks WebSocket only where that is switched on."""

    name = "opencode"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.opencode(),)

    def log_in(self) -> None:
        login = {"openai": oauth_login() | {"type": "oauth"}}
        write_private(self.environment.folder / ".local" / "share" / "opencode" / "auth.json", login)

    async def start(self, prompt: str) -> Result:
        return await self.run(*prompt.split())  # an argument with spaces would be put in quotes

    async def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Result:
        return await self.run("--session", conversation, *prompt.split())

    async def run(self, *arguments: str) -> Result:
        """Run `opencode run` to its end."""
        events = await self.events(install.opencode(), *_OPENCODE, *arguments, **self.variables())
        finished = of_type(events, "step_finish")[-1]
        tokens = finished["part"]["tokens"]
        return Result(conversation=finished["sessionID"], input_tokens=tokens["input"] + tokens["cache"]["read"])

    def variables(self) -> dict[str, str]:
        """Return how it is told the transport and the base URL, and to ask for nothing else."""
        variables = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        if self.environment.transport == "websocket":
            variables["OPENCODE_EXPERIMENTAL_WEBSOCKETS"] = "1"
        if self.environment.base_url:
            provider = {"openai": {"options": {"baseURL": self.environment.base_url}}}
            variables["OPENCODE_CONFIG_CONTENT"] = json.dumps({"provider": provider})
        return variables


class Pi(Client):
    """It speaks WebSocket if its Node can and the backend does."""

    name = "pi"

    @classmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        return (install.pi(version), install.node())

    def log_in(self) -> None:
        home = self.environment.folder / ".pi" / "agent"
        write_private(home / "auth.json", {"openai-codex": oauth_login() | {"type": "oauth"}})
        if self.environment.base_url:
            provider = {"openai-codex": {"baseUrl": self.environment.base_url}}
            write_private(home / "models.json", {"providers": provider})

    async def start(self, prompt: str) -> Result:
        return await self.run(prompt)

    async def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Result:
        return await self.run("--session", conversation, prompt)

    async def run(self, *arguments: str) -> Result:
        """Run `pi --print` to its end."""
        path = f"{install.node().parent}:{os.environ['PATH']}"  # its file says that node is to run it
        variables = {"PATH": path, "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}
        events = await self.events(install.pi(self.version), *_PI, *arguments, **variables)
        [session] = of_type(events, "session")
        messages = [event["message"] for event in of_type(events, "message_end")]
        usage = [message["usage"] for message in messages if "usage" in message][-1]
        return Result(conversation=session["id"], input_tokens=usage["input"] + usage["cacheRead"])


def of_type(events: list[Event], kind: str) -> list[Event]:
    """Return the events of one type."""
    return [event for event in events if event["type"] == kind]
