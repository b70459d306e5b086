"""Turns taken and answered: the rules, the refusals and the answers together, without a socket or a clock."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedded_backend import answers, model, prompt, refusals
from embedded_backend.breaks import Break, Breaks
from embedded_backend.model import Body
from embedded_backend.received import Received
from embedded_backend.rules import Rules

_TRIGGER = {"type": "compaction_trigger"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a turn, as the backend sees it; on a WebSocket the handshake settles it."""

    session: str | None
    account: str
    server: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response: the object of its last event, its output item, and the prompt's items that a delta can go on from."""

    response: dict[str, Any]
    item: answers.Item | None
    items: tuple[Any, ...]


class Service:
    """Answers turns by its rules; the seed settles everything that is left to chance."""

    def __init__(self, rules: Rules, seed: int = 0) -> None:
        self.rules = rules
        self.failures = list(rules.failures)  # statuses of the next turns
        self.breaks = Breaks()
        self._cache = model.PromptCache()
        # Two sources of chance: how many ids were given out must not decide where a turn lands.
        self._routing = random.Random(f"routing {seed}")
        self._naming = random.Random(f"naming {seed}")

    def caller(self, received: Received) -> Caller:
        """Return the sender of a request or a handshake; without a session header its server is chance."""
        session = next(filter(None, map(received.header, self.rules.session_headers)), None)
        account = received.header("chatgpt-account-id") or received.header("authorization") or ""
        if session is None:
            return Caller(session=None, account=account, server=self._routing.randrange(self.rules.servers))
        return Caller(session=session, account=account, server=model.server_of(session, self.rules.servers))

    def fate(self, caller: Caller) -> Break:
        """Return how the turn that a caller has now is answered: as planned for its session, else by the rules."""
        if planned := self.breaks.take(caller.session):
            return planned
        status = self.failures.pop(0) if self.failures else 200
        refused = None if status == 200 else status
        return Break(status=refused, cut_after=self.rules.cut_after, ending=self.rules.ending)

    def refusal(self, body: Body, caller: Caller, *, websocket: bool) -> refusals.Refusal | None:
        """Return why a turn is refused, or None."""
        return refusals.of_turn(body, caller.session, self.rules, websocket=websocket)

    def reply(self, body: Body, caller: Caller, now: float, before: Sequence[Any] = ()) -> Reply:
        """Return the response to a turn at a time in seconds, whose input goes on from the items before it."""
        items = [*before, *prompt.items_of(body)]
        rendered = prompt.render(body, items)
        item = answers.answer(body, items, rendered, self.rules.deltas)
        cached = self._cache.take(self._scope(body, caller), rendered, now, self.rules.idle_seconds)
        response = self._response(body, caller, now) | {"output": [item] if item else []}
        response["usage"] = _usage(rendered, cached, item) if self.rules.usage else None
        return Reply(response=response, item=item, items=(*items, *response["output"]))

    def compact(self, body: Body, caller: Caller, now: float) -> dict[str, Any] | refusals.Refusal:
        """Return the answer to a unary compaction."""
        refused = refusals.of_compact(body, caller.session, self.rules)
        if refused is not None:
            return refused
        reply = self.reply(dict(body) | {"input": [*prompt.items_of(body), _TRIGGER]}, caller, now)
        return reply.response | {"object": "response.compaction"}

    def name(self, kind: str) -> str:
        """Return a fresh id of a kind, such as `resp`."""
        return f"{kind}_{self._naming.getrandbits(128):032x}"

    def fresh_uuid(self) -> str:
        """Return a random UUID out of the seed."""
        return str(uuid.UUID(int=self._naming.getrandbits(128), version=4))

    def _scope(self, body: Body, caller: Caller) -> model.Scope:
        part = model.partition(caller.session, body.get("prompt_cache_key"), self.rules.key_partitions)
        return model.Scope(caller.server, caller.account, part, model.members(body))

    def _response(self, body: Body, caller: Caller, now: float) -> dict[str, Any]:
        return {
            "id": self.name("resp"),
            "object": "response",
            "created_at": int(now),
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "model": body.get("model"),
            "previous_response_id": body.get("previous_response_id"),
            "prompt_cache_key": model.key_in_effect(caller.session, body.get("prompt_cache_key"), self.fresh_uuid()),
            "prompt_cache_retention": None,
            "service_tier": "default",
            "store": False,
        }


def _usage(rendered: bytes, cached: int, item: answers.Item | None) -> dict[str, Any]:
    """Return the counters; cached is part of input, and writes come as 0 (damianvtran/local-operator#647)."""
    taken = model.tokens(len(rendered))
    given = model.tokens(len("".join(answers.pieces(item)))) + 1 if item else 0
    return {
        "input_tokens": taken,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": given,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": taken + given,
    }
