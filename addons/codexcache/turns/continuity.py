"""One turn's way: what the client sent comes in, the envelope that is sent and later the response's lessons go out.

HTTP, `/compact` and WebSocket all come through here.
"""

from dataclasses import dataclass, field

from ..settings import Mode, Settings
from ..wire.document import Json, Object
from ..wire.fields import Fields
from .envelope import KEY_MEMBER, Envelope, seal, seal_handshake, untouched
from .keys import resolve
from .memory import Identity, Memory
from .outcome import Outcome
from .record import Record
from .refusal import Lessons, Refusal, refused_member
from .turn import Sender, Turn


@dataclass(slots=True, kw_only=True)
class Passage:
    """A turn on its way through the proxy; `edited` is what the user made of it while it was held."""

    turn: Turn
    identity: Identity
    envelope: Envelope
    outcome: Outcome = field(default_factory=Outcome)
    closed: bool = False
    edited: Turn | None = None
    mode: Mode = "observe"
    record: Record | None = None
    first_byte_at: float | None = None
    recalled: Object | None = None
    handshake: Envelope | None = None
    opens_socket: bool = False

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of what was altered; a handshake's headers count for its socket's first turn."""
        return (*(self.handshake.changed if self.handshake and self.opens_socket else ()), *self.envelope.changed)

    @property
    def forwarded_key(self) -> Json:
        """The `prompt_cache_key` in the body that the backend got."""
        if self.edited:
            return self.edited.document.get(KEY_MEMBER)
        given = None if KEY_MEMBER in self.envelope.drop else self.turn.document.get(KEY_MEMBER)
        return self.envelope.put.get(KEY_MEMBER, given)

    @property
    def forwarded(self) -> Fields:
        """The header fields that the backend got: the request's, or those of the socket's handshake."""
        if self.edited and not self.handshake:
            return self.edited.sender.fields
        return (self.handshake or self.envelope).fields

    @property
    def refusal(self) -> Refusal | None:
        """Which member of the body the backend refused."""
        member = refused_member(self.outcome.error) if self.outcome.error else None
        return self._refusal_of(member) if member else None

    def _refusal_of(self, member: str) -> Refusal:
        if member in self.envelope.put and self.turn.explicit is None:
            return Refusal(member, "addon")
        left = self.edited.document if self.edited else self.turn.document.keys() - self.envelope.drop
        return Refusal(member, "client" if member in left else "nobody")


class Continuity:
    """Gives turns their keys, and learns from the responses."""

    def __init__(self) -> None:
        self._memory = Memory()
        self._lessons = Lessons()

    @property
    def lessons(self) -> list[str]:
        """What the backend's refusals taught, a sentence each."""
        return self._lessons.lines()

    def open_socket(self, sender: Sender, settings: Settings) -> Envelope:
        """Return the envelope of a WebSocket's handshake."""
        return untouched(sender) if settings.mode == "observe" else seal_handshake(sender)

    def begin(self, turn: Turn, settings: Settings, last: Identity | None = None) -> Passage:
        """Return the passage of a turn that is about to be sent; `last` is the identity of its socket's last turn."""
        if settings.mode == "observe":
            return passage_as_sent(turn)
        identity = resolve(turn, self._memory, pin=settings.mode == "pin", last=last)
        strip = settings.strip | (self._lessons.left_out(turn.host, turn.model) & settings.learn)
        withhold = self._lessons.withholds_key(turn.endpoint, turn.host, turn.model)
        self._memory.remember(turn, identity)
        envelope = seal(turn, identity, strip=strip, withhold_key=withhold)
        return Passage(turn=turn, identity=identity, envelope=envelope, mode=settings.mode)

    def end(self, passage: Passage, settings: Settings) -> str | None:
        """Take in what the response said; return a sentence for the user where there is one to say."""
        if passage.closed:
            return None
        passage.closed = True
        passage.outcome.settle()
        if response_id := passage.outcome.response_id:
            self._memory.remember_response(passage.turn, response_id, passage.identity)
        return self._learn(passage, settings)

    def _learn(self, passage: Passage, settings: Settings) -> str | None:
        """Find out what was refused, who had sent it, and what the user wants done."""
        turn, refusal = passage.turn, passage.refusal
        if refusal is None or refusal.origin == "nobody" or passage.outcome.status not in (None, 200, 400):
            return None
        if refusal.origin == "addon":
            return self._lessons.key_refused(turn.endpoint, turn.host, turn.model)
        if refusal.member in settings.learn and settings.mode != "observe":
            return self._lessons.member_learned(refusal.member, turn.host, turn.model)
        return self._lessons.member_kept(refusal.member, turn.host, settings.strip)


def passage_as_sent(turn: Turn) -> Passage:
    """Return the passage of a turn that is left as it is."""
    return Passage(turn=turn, identity=_as_sent(turn), envelope=untouched(turn.sender))


def _as_sent(turn: Turn) -> Identity:
    """Return the identity that the turn bears by itself."""
    if turn.explicit:
        return Identity(key=turn.explicit, source="prompt_cache_key")
    return Identity(key=turn.session, source="session") if turn.session else Identity(key=None, source="none")
