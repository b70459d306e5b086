"""Which turns go into the store, and how they come back.

A turn is stored once it has ended: what is remembered of it, with its record, under a name of its line's; and for each
entry that it is found by, that name. So a line takes up little: of its turns, the latest few are kept. A turn whose
latest answer the memory does not know is looked up before it leaves, and what is found is taken in as if it had been
seen. A client that spells its answers so that none is ever found is not looked up again where the memory knows it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..turn.cache_key import EarlierTurn, Entry, KeyMemory, LruDict, client_of
from ..turn.exchange import Exchange
from ..turn.record import Record
from ..turn.rejected_params import Place, RejectedParams
from ..turn.request import Turn
from .background_store import BackgroundStore, Value, Work
from .vault import Vault

if TYPE_CHECKING:
    from .codec import StoredTurn

_ANSWERS = 3
"""Links to a turn by its answers that are stored, the latest ones: an input that goes on has one of them."""

_KEPT = 4
"""The latest turns of a line that are stored."""

_FRUITLESS = 3
"""Look-ups in a row without a find, after which a client's turns are looked up only where the memory knows nothing."""

_CLIENTS = 1_000
"""Clients of which that is counted."""


_PLACES = 1_000
"""Endpoints, hosts and models of which it is remembered that the store was asked."""


class Persistence:
    """Stores what the memories are told, and looks up what they do not know. Without a store it does nothing.

    `adopt` is given the records that come from the store; `run` names this start of the proxy.
    """

    def __init__(self, adopt: Callable[[Record], int]) -> None:
        self.memory, self.rejected_params = KeyMemory(), RejectedParams(self._note_refusal)
        self._places = set[Place]()
        self._adopt = adopt
        self._fruitless: LruDict[Entry, int] = LruDict(_CLIENTS)
        self._store: BackgroundStore | None = None
        self._vault, self._run, self._adopted = Vault(b""), "", 0

    def use(self, store: BackgroundStore | None, vault: Vault, run: str) -> None:
        """Use another store from now on, or none."""
        self._store, self._vault, self._run = store, vault, run
        self._places.clear()

    def save(self, exchange: Exchange) -> None:
        """Have a turn stored that has ended."""
        if (earlier := exchange.remembered) is None:
            return
        entries, earlier.entries = earlier.entries, ()
        if (store := self._store) is None:
            return
        links = _useful(exchange.turn, entries)
        record, run = exchange.record if exchange.record and _is_comparable(exchange.record) else None, self._run
        store.put(lambda vault: _entries(vault, links, earlier, record, run))

    def put(self, work: Work) -> None:
        """Have entries made and written, if there is a store."""
        if self._store:
            self._store.put(work)

    def look_up(self, turn: Turn) -> Awaitable[None] | None:
        """Look up a turn's conversation, if the memory does not know it but a store could.

        The first turn to a host for a model also asks what was rejected there.
        """
        if self._store is None or turn.warm_up:
            return None
        if (place := (turn.endpoint, turn.host, turn.model)) not in self._places and len(self._places) < _PLACES:
            self._places.add(place)
            return self._ask_of(self._store, place, turn)
        return self._look_up(self._store, turn)

    async def _ask_of(self, store: BackgroundStore, place: Place, turn: Turn) -> None:
        if await store.get([_name_of_place(self._vault, place)]):
            self.rejected_params.adopt(place)
        if looking_up := self._look_up(store, turn):
            await looking_up

    def _look_up(self, store: BackgroundStore, turn: Turn) -> Awaitable[None] | None:
        count = self._fruitless.get(client := client_of(turn)) or 0
        if count >= _FRUITLESS and self.memory.find(turn):
            return None
        entries = self.memory.unknown(turn)
        return self._fetch(store, entries, client, count) if entries else None

    async def _fetch(self, store: BackgroundStore, entries: Sequence[Entry], client: Entry, fruitless: int) -> None:
        names = {_name_of(self._vault, entry): entry for entry in entries}
        until = store.deadline()
        links = await store.get(list(names), until)
        turns = await store.get(list(dict.fromkeys(links.values())), until)
        stored = {slot: self._decoded(data) for slot, data in turns.items()}
        self._fruitless.put(client, 0 if stored else fruitless + 1)
        for name, slot in reversed(links.items()):  # the latest answer last, so that it is the latest in the memory
            if turn := stored.get(slot):
                self.memory.adopt(names[name], turn.earlier)

    def _decoded(self, data: bytes) -> "StoredTurn | None":
        """Return a turn, whose record is taken in unless it was seen here."""
        from .codec import decode

        self._adopted += 1
        turn = decode(data, -self._adopted)
        if turn and turn.record and turn.record.origin and turn.record.origin.run != self._run:
            turn.earlier.number = self._adopt(turn.record)
        return turn

    def _note_refusal(self, place: Place) -> None:
        self.put(lambda vault: {_name_of_place(vault, place): b"refused"})


def _name_of_place(vault: Vault, place: Place) -> bytes:
    return vault.name("refused", *(part.encode("utf-8", "surrogatepass") for part in place))


def _useful(turn: Turn, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries that a later turn may need: by answers, or where there are none, by the input.

    A response is hardly ever named on another connection than its own; then the client has named one before.
    """
    answers = [entry for entry in entries if entry[0] == "answer"][-_ANSWERS:]
    is_useful = {"client": True, "input": not answers, "response": turn.previous_response_id is not None}
    return [*answers, *[entry for entry in entries if is_useful.get(entry[0])]]


def _is_comparable(record: Record) -> bool:
    """Return True for a turn that a later one can be compared with."""
    return bool(record.usage and record.complete and not record.warm_up)


def _entries(
    vault: Vault, links: Sequence[Entry], earlier: EarlierTurn, record: Record | None, run: str
) -> Mapping[bytes, Value]:
    """Return what is stored of a turn: itself, and the names that lead to it."""
    from .codec import encode  # in the writing thread, with the first turn

    slot = vault.name("turn", earlier.line, bytes([earlier.place % _KEPT]))
    return {**{_name_of(vault, entry): slot for entry in links}, slot: partial(encode, earlier, record, run)}


def _name_of(vault: Vault, entry: Entry) -> bytes:
    kind, caller, what, opening = entry
    return vault.name(kind, caller, str(what).encode("utf-8", "surrogatepass"), str(opening).encode())
