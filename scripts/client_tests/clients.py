"""Agents as processes, without a person at the keyboard: the official client, opencode, pi, oh-my-pi and cline."""

import json
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from client_tests import install
from client_tests.environment import Environment
from client_tests.login import ACCOUNT, codex_login, oauth_login, token, write_private

type Event = dict[str, Any]

# There is no one to be asked, and the command of the conversation is harmless.
_CODEX = ("exec", "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")
_COMPACT = ("-c", "model_auto_compact_token_limit=3000")
_OPENCODE = ("run", "--format", "json", "--auto", "--model", "openai/gpt-5.5")
_OH_MY_PI = ("--mode", "json", "--print", "--auto-approve", "--model", "openai-codex/gpt-5.5")
_CLINE = ("--json", "--provider", "openai-codex", "--model", "gpt-5.5")
_PI = ("--mode", "json", "--print", "--provider", "openai-codex", "--model", "gpt-5.5")


@dataclass(frozen=True, slots=True)
class Result:
    """What a client said of a run: the conversation's id, and the input tokens that it counted."""

    conversation: str
    input_tokens: int


class Client(ABC):
    """A version of a client, logged in, in a folder of its own; the test that asks for one that is missing is skipped.

    Each run is one process, which has to end well.
    """

    name: ClassVar[str]
    program: ClassVar[str]

    def __init__(self, version: str, environment: Environment) -> None:
        self.executable, self.environment = install.program_of(self.program, version), environment
        for name, content in self.files().items():
            write_private(environment.folder / name, content)

    @abstractmethod
    def files(self) -> dict[str, object]:
        """Return what a login and the settings of the case would have left in the home folder, as JSON by path."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """Return what it takes from the environment beyond what every client does."""

    @abstractmethod
    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        """Begin a conversation, or continue one; its history is compacted before, if it is to be and the client can."""

    async def events(self, *arguments: str) -> list[Event]:
        """Run the program, which prints an event a line."""
        command = [str(self.executable), *arguments]
        lines = (await self.environment.output(command, **self.variables())).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class Codex(Client):
    """The official client; 0.120 and newer are told the base URL as a setting, 0.98 and older by a variable."""

    name, program = "Codex CLI", "codex"

    def files(self) -> dict[str, object]:
        return {".codex/auth.json": codex_login()}

    def variables(self) -> dict[str, str]:
        home = {"CODEX_HOME": str(self.environment.folder / ".codex")}
        return home | ({"OPENAI_BASE_URL": self.environment.base_url} if self.environment.base_url else {})

    def settings(self) -> list[str]:
        """Return how it is told the base URL."""
        return ["-c", f'openai_base_url="{self.environment.base_url}"'] if self.environment.base_url else []

    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        resume = ("resume", conversation) if conversation else ()
        return await self.exec(*(_COMPACT if compact else ()), *resume, prompt)

    async def exec(self, *arguments: str) -> Result:
        """Run `codex exec` to its end; without counters at its end the turn was not finished."""
        events = await self.events(*_CODEX, *self.settings(), *arguments)
        started, completed = last(events, "thread.started"), last(events, "turn.completed")
        return Result(started["thread_id"], completed["usage"]["input_tokens"])


class CodexProvider(Codex):
    """The official client with a provider of the user's own, which is the proxy."""

    name = "Codex CLI, own provider,"

    def settings(self) -> list[str]:
        address = f'base_url="{self.environment.base_url}", wire_api="responses"'
        websockets = str(self.environment.transport == "websocket").lower()
        members = f'name="proxy", {address}, requires_openai_auth=true, supports_websockets={websockets}'
        return ["-c", 'model_provider="proxy"', "-c", f"model_providers.proxy={{{members}}}"]


class OpenCode(Client):
    """It asks for a title during its first turn, and speaks WebSocket only where that is switched on."""

    name = program = "opencode"

    def files(self) -> dict[str, object]:
        return {".local/share/opencode/auth.json": {"openai": oauth_login()}}

    def variables(self) -> dict[str, str]:
        websockets = {"OPENCODE_EXPERIMENTAL_WEBSOCKETS": "1"} if self.environment.transport == "websocket" else {}
        options = {"baseURL": self.environment.base_url} if self.environment.base_url else {}
        config = json.dumps({"provider": {"openai": {"options": options}}})
        quiet = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
        return {**quiet, **websockets, "OPENCODE_CONFIG_CONTENT": config}

    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        session = ("--session", conversation) if conversation else ()
        words = prompt.split()  # an argument with spaces would be put in quotes
        finished = last(await self.events(*_OPENCODE, *session, *words), "step_finish")
        tokens = finished["part"]["tokens"]
        return Result(finished["sessionID"], tokens["input"] + tokens["cache"]["read"])


class Pi(Client):
    """It speaks WebSocket if its Node can and the backend does."""

    name = program = "pi"

    def files(self) -> dict[str, object]:
        login, url = {"openai-codex": oauth_login()}, self.environment.base_url
        models = {"providers": {"openai-codex": {"baseUrl": url}} if url else {}}
        return {".pi/agent/auth.json": login, ".pi/agent/models.json": models}

    def variables(self) -> dict[str, str]:
        return {"PATH": path_with(install.node()), "PI_TELEMETRY": "0", "PI_SKIP_VERSION_CHECK": "1"}

    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        session = ("--session", conversation) if conversation else ()
        return _pi_result(await self.events(*_PI, *session, prompt))


class OhMyPi(Client):
    """A fork of pi, which runs on Bun and takes an access token in the place of an API key."""

    name, program = "oh-my-pi", "omp"

    def files(self) -> dict[str, object]:
        url = {"baseUrl": self.environment.base_url} if self.environment.base_url else {}
        return {".omp/agent/models.yml": {"providers": {"openai-codex": {"apiKey": token(), **url}}}}

    def variables(self) -> dict[str, str]:
        return {"PATH": path_with(install.bun())}

    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        session = ("--resume", conversation) if conversation else ()
        return _pi_result(await self.events(*_OH_MY_PI, *session, prompt))


class Cline(Client):
    """It resumes in its terminal alone, so that a conversation is one process here."""

    name = program = "cline"

    def files(self) -> dict[str, object]:
        url = {"baseUrl": self.environment.base_url} if self.environment.base_url else {}
        login = oauth_login()
        auth = {"accessToken": token(), "accountId": ACCOUNT, "refreshToken": "made-up", "expiresAt": login["expires"]}
        settings = {"provider": "openai-codex", "model": "gpt-5.5", "auth": auth, **url}
        entry = {"settings": settings, "updatedAt": "2026-11-30T00:00:00.000Z", "tokenSource": "oauth"}
        return {
            ".cline/data/settings/providers.json": {"version": 1, "modes": {}, "providers": {"openai-codex": entry}}
        }

    def variables(self) -> dict[str, str]:
        return {"CLINE_NO_AUTO_UPDATE": "1", "CLINE_SESSION_BACKEND_MODE": "local"}  # else a daemon would stay

    async def run(self, prompt: str, conversation: str = "", *, compact: bool = False) -> Result:
        usage = last(await self.events(*_CLINE, prompt), "run_result")["usage"]
        [session] = (self.environment.folder / ".cline/data/sessions").iterdir()
        return Result(session.name, usage["inputTokens"])


def path_with(program: Path) -> str:
    """Return the PATH that has the folder of a program first: a client's first line says which is to run it."""
    return f"{program.parent}:{os.environ['PATH']}"


def last(events: list[Event], kind: str) -> Event:
    """Return the last event of one type."""
    return [event for event in events if event["type"] == kind][-1]


def _pi_result(events: list[Event]) -> Result:
    told = [event for event in events if "usage" in event.get("message", ())]
    usage = last(told, "message_end")["message"]["usage"]
    return Result(last(events, "session")["id"], usage["input"] + usage["cacheRead"])
