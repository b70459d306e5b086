"""Runs the real Codex without a person at the keyboard."""

import json
from dataclasses import dataclass
from typing import Any

from client_tests import install
from client_tests.login import write_login
from client_tests.programs import output
from client_tests.stage import Stage

# Nobody is there to be asked, and the command of the scene is harmless.
FLAGS = ("--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the client said of a run, event by event."""

    events: list[dict[str, Any]]

    @property
    def thread(self) -> str:
        return str(self.of_type("thread.started")[0]["thread_id"])

    @property
    def usage(self) -> dict[str, int]:
        """The counters at the end of the turn; without them the turn was not finished."""
        usage: dict[str, int] = self.of_type("turn.completed")[-1]["usage"]
        return usage

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Returns the finished items of a kind: agent_message, command_execution, ..."""
        finished = (event["item"] for event in self.of_type("item.completed"))
        return [item for item in finished if item["type"] == kind]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codex:
    """A version of Codex, logged in, in a room of its own."""

    version: str
    stage: Stage

    def exec(self, prompt: str, *options: str) -> Said:
        """Starts a conversation and waits for the end of its turn."""
        return self.run("exec", *FLAGS, *options, prompt)

    def resume(self, thread: str, prompt: str, *options: str) -> Said:
        """Goes on with a conversation in a new process."""
        return self.run("exec", "resume", *FLAGS, *options, thread, prompt)

    def run(self, *arguments: str) -> Said:
        work = self.stage.room / "work"
        work.mkdir(exist_ok=True)
        write_login(self.stage.room / ".codex")
        command = [str(install.codex(self.version)), *arguments]
        return Said(events=[json.loads(line) for line in output(command, work, self.stage.environment()).splitlines()])
