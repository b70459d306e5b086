"""Repairs turns on their way out, where the option `codex_repair` names any repair.

What is repaired is read again as if the client had sent it so. So the edits of every turn, the cache of bodies and the
diagnosis have to do with what the backend gets, while the conversation is found by what the client sent.
"""

import dataclasses
import functools
import time
from collections.abc import Callable

from ..body.incremental import Body
from ..options import Repair
from ..repair.service import Repairs
from ..turn.exchange import Exchange
from ..turn.request import ParsedBody, ReadTurn, Turn, read_turn
from ..turn.rewrite import DIGESTS, RequestEdits
from ..wire.headers import length_index
from .errors import InternalErrors

type Reader = Callable[[bytes, ReadTurn], tuple[Body[ParsedBody], Turn]]
"""Reads a body, and its turn. Raises ValueError."""


def repaired(
    repairs: Repairs,
    exchange: Exchange,
    body: Body[ParsedBody],
    enabled: frozenset[Repair],
    *,
    read: Reader,
    errors: InternalErrors,
) -> tuple[Body[ParsedBody], Turn] | None:
    """Return the body and the turn that leave in place of what the client sent, None if nothing is repaired."""
    try:
        text = repairs.begin(exchange, body.text, body.members, enabled, time.time())
        if text is None or (repair := exchange.repair) is None:
            return None
        left = read(text, _reading(exchange.turn))
        edits = _with_members(exchange.edits, repair.members, in_headers=exchange.turn.transport == "http")
    except Exception as error:  # the turn leaves as the client sent it
        exchange.repair = None
        errors.note("repairing a turn", error)
        return None
    repair.forwarded, exchange.edits = left[1], edits
    return left


def _reading(turn: Turn) -> ReadTurn:
    """Return what reads another body as that of a turn."""
    headers, transport = turn.client_headers, turn.transport
    return functools.partial(read_turn, headers, transport=transport, host=turn.host, endpoint=turn.endpoint)


def _with_members(edits: RequestEdits, members: tuple[str, ...], *, in_headers: bool) -> RequestEdits:
    """Return the edits of a turn whose body is repaired as well: a digest of the client's body is no longer true."""
    stale = [name for name, _ in edits.fields if name.lower().decode("latin-1") in DIGESTS] if in_headers else []
    fields = tuple(field for field in edits.fields if field[0] not in stale)
    gone = sorted(name.lower().decode("latin-1") for name in stale)
    changed = tuple(dict.fromkeys((*edits.changed, *gone, *sorted(members))))
    return dataclasses.replace(edits, fields=fields, changed=changed, length_at=length_index(fields))
