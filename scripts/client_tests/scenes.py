"""What is played in a case: the client's runs, with all that they left behind to be looked at."""

from dataclasses import dataclass
from pathlib import Path

from embedded_backend.received import Received

from client_tests.codex_cli import Codex, Said
from client_tests.stage import Stage, set_stage

MADE = "from-the-tool\n"
ASK_FOR_A_COMMAND = "run: echo from-the-tool | tee made.txt"
COMPACT_SOON = ("-c", "model_auto_compact_token_limit=3000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Three runs of Codex in one conversation: a tool call, a resume that compacts first, a resume."""

    stage: Stage
    runs: list[Said]

    @property
    def thread(self) -> str:
        return self.runs[0].thread

    @property
    def made(self) -> str:
        """What the tool call has written."""
        return (self.stage.room / "work" / "made.txt").read_text()

    def turns(self) -> list[Received]:
        """Returns what reached the backend and asks the model for something."""
        return [each for each in self.stage.received if each.kind != "handshake"]

    def tool_outputs(self) -> list[Received]:
        """Returns the turns that go on from a tool's output, and bear it."""
        return [
            each for each in self.turns() if last_type(each).endswith("_call_output") and MADE.strip() in text(each)
        ]


def play(room: Path, version: str, *backend_flags: str) -> Scene:
    """Plays the scene with a version of Codex; the programs around it have ended when this returns."""
    with set_stage(room, *backend_flags) as stage:
        codex = Codex(version=version, stage=stage)
        first = codex.exec(ASK_FOR_A_COMMAND)
        second = codex.resume(first.thread, "Thank you.", *COMPACT_SOON)
        third = codex.resume(first.thread, "And again.")
        return Scene(stage=stage, runs=[first, second, third])


def last_type(turn: Received) -> str:
    """Returns the type of a turn's last item."""
    items = turn.json["input"]
    return str(items[-1].get("type")) if items else ""


def text(turn: Received) -> str:
    return turn.content.decode()
