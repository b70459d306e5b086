"""Turns taken and answered: the rules, the refusals, the answers and the record of what arrived, without a socket."""

import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from embedded_backend import answers, model, refusals
from embedded_backend.model import Body
from embedded_backend.received import Received
from embedded_backend.rules import Break, Breaks, Rules

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
    """Answers turns by its rules, which can be replaced; the seed settles everything that is left to chance.

    `received` is what arrived so far, in order, `breaks` what is to go wrong with the next turns of single sessions.
    """

    def __init__(
        self,
        rules: Rules | None = None,
        seed: int = 0,
        *,
        clock: Callable[[], float] = time.time,
        on_received: Callable[[Received], None] = lambda received: None,
    ) -> None:
        self.rules, self.clock, self.on_received = rules or Rules(), clock, on_received
        self.breaks, self.received = Breaks(), list[Received]()
        self.open_sockets = set[Callable[[], None]]()  # what closes each
        self._cache = model.PromptCache()
        # Two sources of chance: how many ids were given out must not decide where a turn lands.
        self._routing = random.Random(f"routing {seed}")
        self._naming = random.Random(f"naming {seed}")

    def keep(self, received: Received) -> Received:
        """Add to the record, and return the same."""
        self.received.append(received)
        self.on_received(received)
        return received

    def caller(self, received: Received) -> Caller:
        """Return the sender of a request or a handshake; without a session header its server is chance."""
        session = next(filter(None, map(received.header, self.rules.session_headers)), None)
        account = received.header("chatgpt-account-id") or received.header("authorization") or ""
        servers = self.rules.servers
        server = self._routing.randrange(servers) if session is None else model.server_of(session, servers)
        return Caller(session=session, account=account, server=server)

    def fate(self, caller: Caller) -> Break:
        """Return how the turn that a caller has now is answered: as planned for its session."""
        return self.breaks.take(caller.session) or Break()

    def answer(
        self, body: Body, caller: Caller, before: Sequence[Any] | None = (), *, websocket: bool = False
    ) -> Reply | refusals.Refusal:
        """Return the response to a turn, or why it is refused.

        Its input extends the items before it, which are None if it names a response that its connection does not hold.
        """
        refused = refusals.of_turn(body, caller.session, self.rules, websocket=websocket)
        if refused is None and before is None:
            said = f"Previous response with id '{body['previous_response_id']}' not found."
            refused = refusals.inner(said, "previous_response_id", "previous_response_not_found")  # Soju06/codex-lb#395
        return refused or self.reply(body, caller, self.clock(), before or ())

    def compact(self, body: Body, caller: Caller) -> Reply | refusals.Refusal:
        """Return the response to a unary compaction, or why it is refused."""
        refused = refusals.of_compact(body, caller.session, self.rules)
        body = {**body, "input": [*model.items_of(body), _TRIGGER]}
        return refused or self.reply(body, caller, self.clock())

    def reply(self, body: Body, caller: Caller, now: float, before: Sequence[Any] = ()) -> Reply:
        """Return the response to a turn at a time in seconds, whose input extends the items before it."""
        items = [*before, *model.items_of(body)]
        rendered = model.render(body, items)
        item = answers.answer(body, items, rendered, self.rules.deltas)
        partition = model.partition(caller.session, body.get("prompt_cache_key"), self.rules.key_partitions)
        scope = model.Scope(caller.server, caller.account, partition, model.members(body))
        cached = self._cache.take(scope, rendered, now, self.rules.idle_seconds)
        response = self._response(body, caller, now) | {"output": [item] if item else []}
        response |= {"usage": _usage(rendered, cached, item), **self.rules.says}
        return Reply(response=response, item=item, items=(*items, *response["output"]))

    def name(self, kind: str) -> str:
        """Return a fresh id of a kind, such as `resp`."""
        return f"{kind}_{self._naming.getrandbits(128):032x}"

    def fresh_uuid(self) -> str:
        """Return a random UUID out of the seed."""
        return str(uuid.UUID(int=self._naming.getrandbits(128), version=4))

    def _response(self, body: Body, caller: Caller, now: float) -> dict[str, Any]:
        key = self.fresh_uuid() if caller.session is None else body.get("prompt_cache_key")  # rule 3 of the model
        return {
            "id": self.name("resp"),
            "object": "response",
            "created_at": int(now),
            "status": "completed",
            **dict.fromkeys(("error", "incomplete_details", "prompt_cache_retention")),
            **{name: body.get(name) for name in ("model", "previous_response_id")},
            "prompt_cache_key": key,
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
