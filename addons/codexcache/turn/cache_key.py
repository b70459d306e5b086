"""The cache key of a turn: its sources in order of precedence, and the memory that keeps a conversation on one key.

A turn without a key of the client's inherits the key of the turn that it continues; else the first source with a usable
value gives the key: what identifies a session, the conversation itself by its first user message, then the caller.
`x-client-request-id`, trace ids and `metadata.user_id` are no sources: some clients generate them for every request,
others share them among conversations. A turn continues an earlier one (the first that is found counts)

1. if it names that turn's response (`previous_response_id`);
2. if an answer to that turn stands in its input, wherever that is and whatever was rewritten around it; of several, the
   answer that stands latest in the input; a call or reasoning before it says which conversation a sentence is of;
3. if its input extends that turn's whole input, and the client's own ids do not tell the two apart. They do not if the
   client was seen to send other ids with each turn of a conversation.

An equal input is a retry, or another conversation that begins alike. Such a turn continues nothing if it has a session
or other instructions, or if another turn already continued the earlier one.

Libraries imitate the official client's headers and make up key, session and thread for each request (smolagents-codex
0.1.1); a fork changes them once. So the second turn in a row with new ids alone shows an imitator, unless one was kept.

The memory is bounded, and the least recently used entries are forgotten first. Callers are kept apart. A turn holds its
entries, so that a store can keep them; what a store could know and the memory does not is named by `unknown`.
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter, eq
from typing import Literal

from ..body.json_splice import Json
from ..static_frozen import static_frozen
from .caller import parts_of
from .items import SHORT, TEXT, answer_digest
from .key_values import derived
from .request import Turn
from .text_digest import digest_text

type KeySource = Literal[
    "prompt_cache_key", "session", "idempotency_key", "conversation", "principal", "account", "none"
]

type Entry = tuple[Literal["input", "answer", "response", "client"], bytes, int | str, int]
"""What a turn is found by: the kind, the caller, a digest or an id, and the opening where that counts as well.

A client's is its user agent, and finds a turn by which it was recognized as an imitator.
"""

ENTRIES = 150_000
"""Entries that are remembered: at most some 90 MB."""

_CLIENTS = 1_000  # of which something is remembered

_ALIKE = 64
"""Turns with the same entry that are remembered apart; of more than these, the oldest is forgotten."""

_PREFIXES = 256  # of an input that are looked up, the longest first
_LOOKUPS, _UNKNOWN_ANSWERS, _UNKNOWN_PREFIXES = 8, 6, 4  # of an input, and what of it a store is asked for

_IMITATOR = 2  # turns in a row with ids that are all new, from which on a client is taken for an imitator


_KINSHIP = attrgetter("cache_key.key", "own_id", "instructions")
"""What counts of turns with the same entry."""


@static_frozen
class CacheKey:
    """The key of a turn, its source, and whether it was inherited from a turn that this one continues."""

    key: str | None
    source: KeySource
    inherited: bool = False


@dataclass(slots=True, kw_only=True, repr=False)
class EarlierTurn:
    """What is remembered of a turn.

    `ids` are the key, session and thread that the client sent, `opening` is the digest of its first user message,
    `instructions` that of the start of its instructions, `input_digest` that of its whole input. `new_ids` counts the
    turns in a row up to this one that came with ids that were all new; None where an id was kept in this conversation.
    A turn is `continued` once another goes further. A `line` is a sequence of turns each of which continues the one
    before; a turn has its place in it. The `number` is that of its record, 0 where it has none. Its `entries` lead to
    it; they are gone once a store has been given them.
    """

    cache_key: CacheKey
    ids: tuple[str | None, str | None, str | None]
    own_id: str | None
    opening: int
    instructions: int
    input_digest: int
    new_ids: int | None = 0
    continued: bool = False
    line: bytes = b""
    place: int = 0
    number: int = 0
    entries: tuple[Entry, ...] = ()


class KeyMemory:
    """Earlier turns by the digest of their input, by their answers and by the id of their response."""

    def __init__(self, limit: int = ENTRIES) -> None:
        self._turns: LruDict[Entry, tuple[EarlierTurn, ...]] = LruDict(limit)
        self._changing: LruDict[Entry, bool] = LruDict(_CLIENTS)
        self._imitators: LruDict[Entry, bool] = LruDict(_CLIENTS)
        self._found: tuple[Turn, EarlierTurn | None] | None = None

    def find(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn that this one continues, None if there is none; what was found is known until it changes."""
        if self._found is None or self._found[0] is not turn:
            self._found = turn, self._find(turn)
        return self._found[1]

    def _find(self, turn: Turn) -> EarlierTurn | None:
        if turn.previous_response_id:
            named = self._turns.get(_response(turn, turn.previous_response_id))
            return named[-1] if named else None
        answered = self._answered(turn)
        if answered and not _ids_differ(turn, answered):
            return answered
        extended = self._extended(turn)
        return extended if extended and (answered is None or extended.own_id == turn.own_id) else answered

    def unknown(self, turn: Turn) -> list[Entry]:
        """Return the entries by which a store could know a turn's conversation; none where the memory knows it."""
        if turn.previous_response_id:
            response = _response(turn, turn.previous_response_id)
            return [] if response in self._turns else [response]
        body = turn.parsed_body
        answers = [_answer(turn, answer, body.opening) for answer in body.prompt.items.latest_answers(_UNKNOWN_ANSWERS)]
        if answers[0] in self._turns if answers else self._extended(turn):
            return []
        digests = body.prompt.items.prefix_digests()
        inputs = [_input(turn, digest) for digest in digests[:0:-1][:_UNKNOWN_PREFIXES]]
        return [*answers, *inputs, *([client_of(turn)] if turn.client_headers.native else ())]

    def adopt(self, entry: Entry, earlier: EarlierTurn) -> None:
        """Take in what a store knows."""
        if entry[0] == "client":
            self._imitators.put(entry, True)
        else:
            self._add(entry, earlier)

    def imitates(self, turn: Turn, earlier: EarlierTurn | None) -> bool:
        """Return True if a turn with the official client's marks comes from another client, which is remembered."""
        if not turn.client_headers.native:
            return False
        known = client_of(turn) in self._imitators
        if earlier is None:
            return known
        new_ids = _new_ids(_ids(turn), earlier) or 0
        if new_ids >= _IMITATOR:
            self._imitators.put(client_of(turn), True)
        return new_ids >= _IMITATOR or (known and new_ids > 0)

    def remember(self, turn: Turn, cache_key: CacheKey, earlier: EarlierTurn | None) -> EarlierTurn:
        """Remember a turn, and what it continues; return what is remembered of it.

        It can be extended if it has a key, and its body has the whole input with a user message.
        """
        body, self._found = turn.parsed_body, None
        new = EarlierTurn(
            cache_key=cache_key,
            ids=_ids(turn),
            own_id=turn.own_id,
            opening=earlier.opening if earlier and turn.previous_response_id else body.opening,
            instructions=digest_text(turn.instructions).digest,
            input_digest=body.prompt.items.whole_digest(),
        )
        if earlier:
            self._continue(turn, earlier, new)
        new.line = new.line or secrets.token_bytes(8)
        if (new.new_ids or 0) >= _IMITATOR:
            new.entries += (client_of(turn),)
        if cache_key.key and body.first_user_message is not None and turn.previous_response_id is None:
            self._put(_input(turn, new.input_digest), new)
        return new

    def remember_response(
        self, turn: Turn, remembered: EarlierTurn, response_id: str | None, outputs: Iterable[Json]
    ) -> None:
        """Remember what answered a turn: the response's id, and its items."""
        if response_id:
            self._put(_response(turn, response_id), remembered)
        if remembered.cache_key.key:
            for answer in filter(None, map(answer_digest, outputs)):
                self._put(_answer(turn, answer, remembered.opening), remembered)

    def _continue(self, turn: Turn, earlier: EarlierTurn, new: EarlierTurn) -> None:
        """Note that a turn is continued, by which line, and what its client does with its ids."""
        new.new_ids = _new_ids(new.ids, earlier)
        if new.new_ids is None:
            earlier.new_ids = None
        if new.input_digest != earlier.input_digest:
            if not earlier.continued:
                new.line, new.place = earlier.line, earlier.place + 1
            earlier.continued = True
        if turn.own_id and earlier.own_id and (differ := turn.own_id != earlier.own_id) != self._changes(turn):
            self._changing.put(client_of(turn), differ)

    def _changes(self, turn: Turn) -> bool:
        return bool(self._changing.get(client_of(turn)))

    def _answered(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn whose answer stands latest in the input; a call or reasoning says more than a sentence."""
        body, sentences = turn.parsed_body, list[tuple[EarlierTurn, ...]]()
        for answer in body.prompt.items.latest_answers(_LOOKUPS):
            if earlier := self._turns.get(_answer(turn, answer, body.opening)):
                if not answer & (TEXT | SHORT):
                    return _latest(_best(earlier, turn), sentences, turn)
                sentences.append(earlier)
        return _best(sentences[0], turn) if sentences else None

    def _extended(self, turn: Turn) -> EarlierTurn | None:
        """Return the turn whose whole input this one extends, of several the one with the most items."""
        digests = turn.parsed_body.prompt.items.prefix_digests()
        whole = len(digests) - 1
        for count in range(whole if turn.session is None else whole - 1, max(0, whole - _PREFIXES), -1):
            if earlier := self._turns.get(_input(turn, digests[count])):
                best = _best(earlier, turn)
                if self._continues(turn, best, equal=count == whole):
                    return best
        return None

    def _continues(self, turn: Turn, earlier: EarlierTurn, *, equal: bool) -> bool:
        """Return True if a turn that repeats another's input continues it."""
        if equal:
            return earlier.instructions == digest_text(turn.instructions).digest and not earlier.continued
        return not _ids_differ(turn, earlier) or self._changes(turn)

    def _put(self, entry: Entry, turn: EarlierTurn) -> None:
        self._add(entry, turn)
        turn.entries += (entry,)

    def _add(self, entry: Entry, new: EarlierTurn) -> None:
        """Add a turn to those with the same entry; it replaces one that differs in nothing that counts."""
        self._found = None
        others = list[EarlierTurn]()
        if known := self._turns.get(entry):
            kinship = _KINSHIP(new)
            others = [one for one in known if _KINSHIP(one) != kinship]
        self._turns.put(entry, (*others, new)[-_ALIKE:])


def _response(turn: Turn, response_id: str) -> Entry:
    return "response", turn.client_headers.caller_digest, response_id, 0


def _input(turn: Turn, digest: int) -> Entry:
    return "input", turn.client_headers.caller_digest, digest, 0


def _answer(turn: Turn, answer: int, opening: int) -> Entry:
    """Return the entry of an answer; a short one is another after another opening."""
    return "answer", turn.client_headers.caller_digest, answer, opening if answer & SHORT else 0


def _ids(turn: Turn) -> tuple[str | None, str | None, str | None]:
    """Return the key, the session and the thread that the client sent."""
    return turn.explicit_key, turn.session, turn.client_headers.thread


def client_of(turn: Turn) -> Entry:
    """Return the entry of a client, which is identified by its caller and its user agent."""
    return "client", turn.client_headers.caller_digest, turn.client_headers.agent, 0


def _ids_differ(turn: Turn, earlier: EarlierTurn) -> bool:
    return bool(turn.own_id and earlier.own_id and turn.own_id != earlier.own_id)


def _new_ids(ids: tuple[str | None, ...], earlier: EarlierTurn) -> int | None:
    """Return how many turns in a row came with ids that are all new; None if one was ever kept."""
    if earlier.new_ids is None:
        return None
    pairs = [(one, other) for one, other in zip(ids, earlier.ids, strict=True) if one and other]
    if any(one == other for one, other in pairs):
        return None
    return earlier.new_ids + 1 if len(pairs) > 1 else 0


def _best(earlier: tuple[EarlierTurn, ...], turn: Turn) -> EarlierTurn:
    """Return the one with this turn's own id, else with its opening, else its instructions; of equals, the latest."""
    if len(earlier) == 1:
        return earlier[0]
    same = turn.own_id, turn.parsed_body.opening, digest_text(turn.instructions).digest
    return max(reversed(earlier), key=lambda one: [*map(eq, (one.own_id, one.opening, one.instructions), same)])


def _latest(proven: EarlierTurn, sentences: Iterable[tuple[EarlierTurn, ...]], turn: Turn) -> EarlierTurn:
    """Return the turn that a call or reasoning proves, or the latest one that sentences behind that answer tell of.

    Others say such sentences as well. So it has to be a later turn of the same line, or its whole input stands here.
    """
    for earlier in sentences:
        if any(one is proven for one in earlier):  # as after most turns: the sentence is of the same answer
            return proven
        inputs = {*turn.parsed_body.prompt.items.prefix_digests()}
        later = (one for one in earlier if _is_behind(one, proven) or one.input_digest in inputs)
        if found := tuple(later):
            return _best(found, turn)
    return proven


def _is_behind(one: EarlierTurn, other: EarlierTurn) -> bool:
    return one.line == other.line and one.place > other.place


def choose_key(
    turn: Turn, earlier: EarlierTurn | None, *, hold: bool = False, last: CacheKey | None = None
) -> CacheKey:
    """Return the cache key of a turn; its `key` is None if no source has a value.

    `earlier` is the turn that it continues, `last` the key of the last turn on the same WebSocket. With `hold`, a
    client other than the official one keeps the key with which its conversation began, whatever key it sends now.
    """
    may_inherit = turn.explicit_key is None or (hold and not turn.client_headers.native)
    return (_inherited(turn, earlier, last) if may_inherit else None) or _first_source(turn)


def _inherited(turn: Turn, earlier: EarlierTurn | None, last: CacheKey | None) -> CacheKey | None:
    """Return the key of the turn that this one continues, or of the socket's last one where a delta names no known."""
    known = earlier.cache_key if earlier else last if turn.previous_response_id else None
    if known is None or known.key is None:
        return None
    return known if known.inherited else CacheKey(key=known.key, source=known.source, inherited=True)


def _first_source(turn: Turn) -> CacheKey:
    """Return the key of the first source with a usable value."""
    found = (CacheKey(key=key, source=source) for source, key in _sources(turn) if key)
    return next(found, CacheKey(key=None, source="none"))


def _sources(turn: Turn) -> Iterator[tuple[KeySource, str | None]]:
    """Yield the sources in order of precedence; a warm-up has too little content to derive a key from."""
    yield "prompt_cache_key", turn.explicit_key
    yield "session", turn.session
    if turn.warm_up:
        return
    yield "idempotency_key", turn.client_headers.idempotency_key
    caller = turn.client_headers.caller
    if turn.first_user_message is not None:  # the start of a conversation is the same in all of its turns
        yield "conversation", derived("conversation", *parts_of(caller), turn.instructions, turn.first_user_message)
    if caller:
        yield caller.kind, derived(*parts_of(caller))


class LruDict[K, V]:
    """A mapping that forgets the least recently used entry."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if (value := self._entries.get(key)) is not None:
            self._entries.move_to_end(key)
        return value

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)
