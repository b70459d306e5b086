"""What all clients have in common: how one is run, and what it says of a run."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from client_tests.stage import Stage

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a client said of a run: the conversation's id, and the input tokens that it counted."""

    conversation: str
    input_tokens: int


class Client(ABC):
    """A version of a client, logged in, in a room of its own. Each run is one process, which has to end well."""

    name: ClassVar[str]

    def __init__(self, version: str, stage: Stage) -> None:
        self.version = version
        self.stage = stage
        self.work = stage.room / "work"
        self.work.mkdir(exist_ok=True)
        self.log_in()

    @classmethod
    @abstractmethod
    def needs(cls, version: str) -> tuple[Path, ...]:
        """Returns what has to be installed."""

    @abstractmethod
    def log_in(self) -> None:
        """Writes what a login and the settings of the case would have left."""

    @abstractmethod
    def start(self, prompt: str) -> Said:
        """Begins a conversation."""

    @abstractmethod
    def resume(self, conversation: str, prompt: str, *, compact: bool = False) -> Said:
        """Goes on with a conversation; the history is compacted before, if it is to be and the client can."""

    def events(self, command: list[str], **more: str) -> list[Event]:
        """Runs a command that prints an event a line; more is added to its environment."""
        lines = self.stage.output(command, self.work, **more).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]
