"""A turn before it leaves, and after it has ended: what of it is repaired, and what is held of it for the next one.

A refusal need not be the repair's fault, but a client that is refused for what it did not send could not be helped. So
a repair is over for its conversation once the backend refuses a repaired turn without saying why, or names a repaired
member; and also if the backend gives a repaired member as the reason of a miss, because then it does not help.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..body.json_splice import Member, as_text
from ..options import Repair
from ..turn.cache_key import LruDict
from ..turn.exchange import Exchange
from ..turn.items import answer_digest
from ..turn.rejected_params import rejected_param, top_level
from ..turn.repaired import Part, RepairedTurn
from ..turn.response import ResponseInfo, errors_in
from ..wire.headers import client_name
from .memory import Conversation, Held, Memory
from .parts import Place
from .plan import plan_repair, spliced

_SAYING = ("message", "detail", "error")
"""Members of an error that hold its sentence."""

_OF_OTHERS = ("context_length_exceeded", "invalid_encrypted_content", "previous_response_not_found")
"""Codes of refusals that no repair can be the cause of, whatever they name."""

_ANSWERS = 32
"""The latest answers in an input among which those of its predecessor are looked for."""

_WORDS = 500  # turns of which is kept what their repaired parts said

_NOT_HELD = (
    "nothing is repaired: the bytes of its predecessor are not held, because they were sent before this start, by "
    "another proxy, as the official client's or before codex_repair was set, or were forgotten. Repair begins with the "
    "next turn"
)
_NOT_ENDED = (
    "nothing is repaired: its predecessor did not end well, or its prompt was edited after it had been read here"
)
_OTHER_MODEL = "nothing is repaired: its predecessor was for another model"
_LOOKS_ALIKE = "nothing is repaired: its input holds other answers than its predecessor was given"
_UNLIKE = "nothing is repaired: it has a member twice, or is nested too deeply to be compared"
_EQUAL = "nothing is repaired: it repeats an earlier turn's whole input, and continues none"

_RELEASED = "it was released by hand"


class Base(NamedTuple):
    """What a turn is repaired by: its predecessor as it left, None where that is none; and why not, if that is known.

    The `conversation` is that of the predecessor, also where that cannot be used; None for another one.
    """

    held: Held | None = None
    conversation: Conversation | None = None
    note: str = ""


class Repairs:
    """Repairs turns, and holds what they left with."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = Memory() if memory is None else memory
        self.words: LruDict[tuple[int, float], tuple[Part, ...]] = LruDict(_WORDS)
        """What repaired parts said, by the number and the time of their turn, to be shown to who asks."""

    def begin(
        self, exchange: Exchange, text: bytes, members: Sequence[Member], enabled: frozenset[Repair], at: float
    ) -> bytes | None:
        """Decide what of a turn is repaired, at a time in seconds, and hold what it sends by that.

        `text` is the body as the client sent it, with its members. Return the repaired body, None if it leaves as it
        came. The official client's turns are left alone.
        """
        turn, remembered = exchange.turn, exchange.remembered
        if turn.client_headers.may_be_official or remembered is None or turn.unread:
            return None
        base, is_delta = self._base(exchange), turn.previous_response_id is not None
        known = base.held.sent if base.held else None
        conversation = base.conversation or Conversation(client_name(turn.client_headers.agent), at)
        place = Place(enabled - conversation.over.keys(), at)
        try:
            found, sent = plan_repair(known, text, members, place, is_delta=is_delta)
        except ValueError:
            exchange.repair = RepairedTurn(enabled=enabled, forwarded=turn, notes=(_UNLIKE,))
            return None
        notes = (*([base.note] if base.note else ()), *found.notes)
        exchange.repair = RepairedTurn(enabled=enabled, forwarded=turn, parts=found.parts, notes=notes)
        self.memory.hold(remembered, Held(sent, turn.model, conversation), known)
        return spliced(text, found) if found.splices else None

    def end(self, exchange: Exchange) -> str | None:
        """Take note of how a turn ended, once it has been diagnosed; return what is to be said, None for nothing."""
        repair, remembered, info = exchange.repair, exchange.remembered, exchange.response_info
        held = self.memory.get(remembered) if remembered else None
        if repair is None or remembered is None or held is None:
            return None
        conversation = held.conversation
        if exchange.record:
            self.words.put((exchange.record.number, exchange.record.sent_at), repair.parts)
            conversation.number, conversation.run = exchange.record.conversation, exchange.record.conversation_run
        conversation.turns += bool(exchange.repaired)
        conversation.saved += repair.saved
        left = exchange.edited_turn
        if info.ended == "completed" and (left is None or repair.has_left_in(left)):
            held.is_complete = True
            held.answers = frozenset(filter(None, map(answer_digest, info.outputs)))
        return _end_refused(conversation, repair.parts, info)

    def release(self, conversation: Conversation) -> None:
        """End all repairs of a conversation; its turns leave from now on as the client sends them."""
        conversation.over = dict.fromkeys(_ALL, _RELEASED)

    def _base(self, exchange: Exchange) -> Base:
        """Return what a turn is repaired by: the turn that it continues, as that left, if it ended well."""
        turn, earlier, remembered = exchange.turn, exchange.earlier, exchange.remembered
        if earlier is None or remembered is None:
            return Base()
        is_named = turn.previous_response_id is not None
        if not is_named and earlier.input_digest == remembered.input_digest:
            return Base(note=_EQUAL)
        if (held := self.memory.get(earlier)) is None:
            return Base(note=_NOT_HELD)
        if not (is_named or _holds_answer(exchange, held)):
            return Base(note=_LOOKS_ALIKE)
        if not held.is_complete:
            return Base(None, held.conversation, _NOT_ENDED)
        if held.model != turn.model:
            return Base(None, held.conversation, _OTHER_MODEL)
        return Base(held, held.conversation)


_ALL: tuple[Repair, ...] = ("tool_order", "spelling", "volatile")


def _holds_answer(exchange: Exchange, held: Held) -> bool:
    """Return True if an input holds an answer of its predecessor, or none at all: some clients drop them."""
    answers = exchange.turn.prompt.items.latest_answers(_ANSWERS)
    return not (held.answers and answers) or not held.answers.isdisjoint(answers)


def _end_refused(conversation: Conversation, parts: Sequence[Part], info: ResponseInfo) -> str | None:
    """End the repairs that the backend speaks against, and return what is said of that."""
    if not (against := _spoken_against(parts, info)):
        return None
    refused = info.error is not None or (info.status or 0) >= 400
    reason = "the backend refused what it had repaired" if refused else "the backend names it as the cause of a miss"
    ended = tuple(dict.fromkeys(part.repair for part in against if part.repair not in conversation.over))
    conversation.over |= dict.fromkeys(ended, reason)
    if not ended:
        return None
    members = ", ".join(dict.fromkeys(part.path for part in against))
    return (
        f"codex_repair: {' and '.join(ended)} has ended for a conversation, because {reason} ({members}). From now on "
        "its turns leave as the client sends them; codex.repairs lists what has ended."
    )


def _spoken_against(parts: Sequence[Part], info: ResponseInfo) -> Sequence[Part]:
    """Return the repaired parts that a response names; all of them for a refusal that names no member."""
    reason = as_text(info.diagnostics.get("reason"))
    if info.error is None:
        return [part for part in parts if reason.startswith(part.member)]
    if info.status not in (None, 200, 400):
        return ()  # a limit, a credential: it was refused before anybody looked at the body
    errors = errors_in(info.error)
    if any(error.get("code") in _OF_OTHERS for error in errors):
        return ()
    given = [as_text(error.get(name)) for error in errors for name in _SAYING]
    params = [param for error in errors if (param := as_text(error.get("param")))]
    named = [part for part in parts if _is_named(part.member, params, given)]
    says_nothing = info.status == 400 and not params and rejected_param(info.error) is None
    return named or (parts if says_nothing else ())


def _is_named(member: str, params: Sequence[str], sentences: Sequence[str]) -> bool:
    """Return True if an error names a member: as its parameter, or where it has none, in its sentence."""
    if params:
        return any(top_level(param) == member for param in params)
    return any(re.search(rf"\b{member}\b", sentence) for sentence in sentences)
