"""What is played in a case: the client's runs, with all that they left behind to be looked at."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embedded_backend.received import Received

from client_tests import summary
from client_tests.client import Said
from client_tests.stage import Entry, Stage, set_stage
from client_tests.table import Case
from client_tests.wire import Pair, added, assert_only_gains, paired, part

MADE = "from-the-tool\n"
ASK_FOR_A_COMMAND = "run: echo from-the-tool | tee made.txt"
ASK_FOR_AN_AGENT = "delegate: Say hello."
THANKS, AGAIN = "Thank you very much.", "And once again."
PRIVATE = (MADE.strip(), "Say hello", THANKS, AGAIN)
"""Words of the prompts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn as it was sent, as it arrived, and what the journal says of it."""

    sent: Received
    received: Received
    entry: Entry

    @property
    def part(self) -> str:
        return part(self.sent)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The runs of a case; the programs around it have ended."""

    case: Case
    stage: Stage
    runs: list[Said]

    @property
    def conversation(self) -> str:
        return self.runs[0].conversation

    @property
    def made(self) -> str:
        """What the tool call has written."""
        return (self.stage.room / "work" / "made.txt").read_text()

    @cached_property
    def pairs(self) -> list[Pair]:
        return paired(self.stage.sent, self.stage.received)

    @cached_property
    def turns(self) -> list[Turn]:
        """The turns in the order in which they were sent, which is the order of the journal's numbers."""
        pairs = [pair for pair in self.pairs if pair[0].kind != "handshake"]
        entries = sorted(self.stage.journal, key=lambda entry: int(entry["turn"]))
        return [
            Turn(sent=sent, received=received, entry=entry)
            for (sent, received), entry in zip(pairs, entries, strict=True)
        ]

    def tool_outputs(self) -> list[Turn]:
        """Returns the turns that go on from a tool's output, and bear it."""
        return [turn for turn in self.turns if last_type(turn).endswith("_call_output") and MADE.strip() in text(turn)]


def converse(case: Case, room: Path) -> Scene:
    """Plays one conversation of three processes: a tool call, a resume that compacts first, a resume."""
    with set_stage(room, case.way, case.transport) as stage:
        client = case.row.client(case.row.version, stage)
        first = client.start(ASK_FOR_A_COMMAND)
        second = client.resume(first.conversation, THANKS, compact=case.row.compaction != "none")
        third = client.resume(first.conversation, AGAIN)
    scene = Scene(case=case, stage=stage, runs=[first, second, third])
    summary.note(str(case.row), case.transport, case.way, scene.pairs)
    return scene


def delegate(case: Case, room: Path) -> Scene:
    """Plays a conversation whose task is given to a sub-agent."""
    with set_stage(room, case.way, case.transport) as stage:
        said = case.row.client(case.row.version, stage).start(ASK_FOR_AN_AGENT)
    return Scene(case=case, stage=stage, runs=[said])


def assert_gains_what_it_lacks(scene: Scene) -> None:
    """Every message has gained the expected headers and, where it had none, the key; all else is as it was sent."""
    for sent, received in scene.pairs:
        assert set(added(sent, received)) == scene.case.row.gains(sent)
        assert_only_gains(sent, received, scene.conversation)


def last_type(turn: Turn) -> str:
    """Returns the type of a turn's last item."""
    items = turn.sent.json["input"]
    return str(items[-1].get("type")) if items else ""


def text(turn: Turn) -> str:
    return turn.sent.content.decode()
