"""What the hooks share: the settings in force, keys, the body cache, the diagnosis service, internal errors."""

import functools
import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from mitmproxy import addonmanager, ctx, hooks, http
from mitmproxy.net.http import url
from mitmproxy.proxy import mode_specs

from ..body.cache import BodyCache
from ..body.incremental import Body, read_whole
from ..body.slices import Steps
from ..diagnosis.learned import Learned
from ..diagnosis.service import DiagnosisService
from ..options import default_settings
from ..state.persistence import Persistence
from ..turn.exchange import Continuity, Exchange
from ..turn.request import ParsedBody, ReadTurn, Turn, is_delta, parse_further
from ..turn.rewrite import RequestEdits
from ..wire.headers import length_of, with_length
from ..wire.routes import Endpoint, endpoint_of, is_codex_host, real_target
from .deferred import DeferredQueue
from .errors import InternalErrors

if TYPE_CHECKING:
    from ..repair.service import Repairs

logger = logging.getLogger(__name__)

_ASK_FIRST = ("codexcache", "mitmproxy")
"""Packages whose addons look at a flow only if an option has them do it."""

_SHOWING = (
    *("requestheaders", "request", "responseheaders", "response", "error", "update"),
    *("websocket_start", "websocket_message", "websocket_end"),
)
"""The hooks that are given the flow of a turn; an addon without any has nothing to look at."""

_SAVING_OPTIONS = ("save_stream_file", "hardump")

UNREADABLE = (
    "A turn was edited after Codex Continuity had read it, and what left cannot be read: {}. The journal and the "
    "verdict describe the turn as it was before."
)


type Reread = Callable[[], tuple[object, Turn]]
"""Reads a turn again as it is now: its bytes, to be compared, and the turn. Raises ValueError."""

type HoldTurn = Callable[[http.HTTPFlow, Exchange, Reread], None]
"""Holds a turn that the user wants to look at before it leaves (option `codex_intercept`)."""


def hold_nothing(flow: http.HTTPFlow, exchange: Exchange, reread: Reread) -> None:
    """Let every turn pass."""


class State:
    """One for each addon instance; what outlives the process is in `persistence`. `run` names this start."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self.settings = default_settings()
        self.bodies = BodyCache(parse_further)
        self.errors = InternalErrors()
        self.diagnosis_service = DiagnosisService(self.errors.note)
        self.persistence = Persistence(self.diagnosis_service.engine.adopt)
        self.continuity = Continuity(self.persistence.memory, self.persistence.rejected_params)
        self.deferred = DeferredQueue(self.errors)
        self.visibility = FlowVisibility()
        self.flows = WeakValueDictionary[str, http.HTTPFlow]()
        """The flows of turns by id, for as long as something else keeps them."""
        self.requests = self.begun = 0
        """Requests to the backend, and those of them to an endpoint of turns."""
        self._warned = set[str]()

    @property
    def learned(self) -> Learned:
        """What the turns have shown of pauses, of load and of shared keys."""
        return self.diagnosis_service.engine.learned

    @functools.cached_property
    def repairs(self) -> "Repairs":
        """What repairs turns; its modules are loaded with the first turn for which `codex_repair` names any repair."""
        from ..repair.service import Repairs

        return Repairs()

    def host_of(self, flow: http.HTTPFlow) -> str | None:
        """Return the backend's host that a flow is for, by the name the client asked for, or None.

        Behind a reverse proxy that keeps the client's Host header, that header names the proxy. A flow that another
        addon has moved to another host is still for the one to which the client had connected.
        """
        hosts, request = self.settings.hosts, flow.request
        found = _codex_host(_authority_of(request) or request.host, hosts)
        return found or next(filter(None, (_codex_host(name, hosts) for name in _names_of_connection(flow))), None)

    def endpoint_of(self, flow: http.HTTPFlow, host: str) -> Endpoint | None:
        """Return the endpoint that a flow for `host` is for; where it was moved to, the path can be an alias."""
        found, path = endpoint_of(flow.request.path), flow.request.path
        return found if found or flow.request.pretty_host.lower() == host else endpoint_of(real_target(path))

    def warn_once(self, sentence: str) -> None:
        """Log a sentence, unless it has been logged before."""
        if sentence not in self._warned:
            self._warned.add(sentence)
            logger.warning(sentence)

    def read(self, text: bytes) -> Body[ParsedBody]:
        """Return the body of a turn. Raises Unreadable."""
        return _by_itself(self.bodies.read(text))

    def read_turn(self, text: bytes, read: ReadTurn) -> tuple[Body[ParsedBody], Turn]:
        """Return a body, and its turn as `read` returns it. Raises Unreadable."""
        return _with_turn(self.read(text), read)

    def read_turn_in_steps(self, text: bytes, read: ReadTurn) -> Steps[tuple[Body[ParsedBody], Turn]]:
        """Return what `read_turn` does; between the steps in which a large body is read, other work may be done."""
        body = yield from self.bodies.steps(text)
        return _with_turn(_by_itself(body), read)

    def edit(self, body: Body[ParsedBody], turn: Turn, exchange: Exchange) -> bytes | None:
        """Return a turn's body with its edits, None where there are none, and cache both; no frame extends a delta."""
        left, put, drop = None, exchange.edits.put, exchange.edits.drop
        if self.settings.repair and exchange.mode != "observe" and (left := self._repaired(body, exchange)):
            body, turn = left
        edited = body.edited(drop, put) if put or drop else body.text if left else None
        if turn.previous_response_id is None:
            self.bodies.remember(body, turn.parsed_body, drop=drop, put=put, edited_text=edited)
        return edited

    def _repaired(self, body: Body[ParsedBody], exchange: Exchange) -> tuple[Body[ParsedBody], Turn] | None:
        """Return body and turn as they are repaired, None where they are not, and cache what the client sent."""
        from .repairing import repaired

        enabled, turn = self.settings.repair, exchange.turn
        left = repaired(self.repairs, exchange, body, enabled, read=self.read_turn, errors=self.errors)
        if left and turn.previous_response_id is None:
            self.bodies.remember(body, turn.parsed_body)
        return left

    def request_sent(self, flow: http.HTTPFlow, exchange: Exchange, at: float) -> None:
        """Record, deferred, that a turn leaves at `at` (seconds since the epoch), before any turn that ends later."""
        self.deferred.enqueue(functools.partial(self.record_sent, flow, exchange, at))

    def response_ended(self, exchange: Exchange, at: float) -> None:
        """Close, deferred and once, a turn that ended at `at`, and diagnose it."""
        self.deferred.do(functools.partial(self._record_ended, exchange, at))

    def turn_edited(self, exchange: Exchange, turn: Turn) -> None:
        """Record at once that a turn left as `turn` says, edited after it had been read."""
        self.deferred.catch_up()
        exchange.edited_turn = turn
        self.diagnosis_service.turn_released(exchange, turn)

    def record_sent(self, flow: http.HTTPFlow, exchange: Exchange, at: float) -> None:
        """Record at once that a turn leaves."""
        self.flows[flow.id] = flow
        self.diagnosis_service.turn_sent(exchange, flow=flow.id, at=at)

    def _record_ended(self, exchange: Exchange, at: float) -> None:
        if exchange.closed:
            return
        try:
            if sentence := self.continuity.finish(exchange, self.settings):
                logger.warning(sentence)
        except Exception as error:  # the turn is diagnosed nevertheless
            self.errors.note("learning from a response", error)
        self.diagnosis_service.turn_ended(exchange, at=at)
        if exchange.repair and (sentence := self.repairs.end(exchange)):
            logger.warning(sentence)
        self.persistence.save(exchange)


def _with_turn(body: Body[ParsedBody], read: ReadTurn) -> tuple[Body[ParsedBody], Turn]:
    return body, read(body.document, cached=body.cached_parsed, changed=body.changed)


def _by_itself(body: Body[ParsedBody]) -> Body[ParsedBody]:
    """Return a delta parsed by itself, even if another body starts like it: all its items extend the turn it names."""
    return read_whole(body.text) if body.cached and is_delta(body.document) else body


class FlowVisibility:
    """Finds out whether flows can be looked at. Where they cannot, nothing is kept of them or marked on them.

    Under `mitmdump -q` they cannot. A copy of each response costs two thirds of what the diagnosis of a turn costs: its
    chunks lie in fresh memory, while those that are let go at once lie in memory that was used just now.
    """

    def __init__(self) -> None:
        self._addons: list[object] = []
        self._present = self._is_reported = True

    def configure(self, updated: AbstractSet[str]) -> None:
        self._addons = []

    @property
    def present(self) -> bool:
        """True if flows may be inspected (flow list, save option, another addon).

        True until there is a running master, as in tests.
        """
        self._look()
        return self._present

    @property
    def is_reported(self) -> bool:
        """True if somebody could ask for a report: also another addon that is shown no flow, by its command."""
        self._look()
        return self._is_reported

    def _look(self) -> None:
        """Look again where there are other addons than before: a script that was edited is loaded as another one."""
        if (master := getattr(ctx, "master", None)) and (addons := [*master.addons.lookup.values()]) != self._addons:
            has_list = master.addons.get("view") is not None
            self._addons, self._present = addons, has_list or _is_saved() or has_other_addons()
            self._is_reported = self._present or has_other_addons(hooks.all_hooks)


def _is_saved() -> bool:
    """Return True if flows are saved or printed, if only by their size; a master without such options could do both."""
    saved = any(getattr(ctx.options, name, "not known") not in (None, "") for name in _SAVING_OPTIONS)
    return saved or getattr(ctx.options, "flow_detail", 0) > 0


def has_other_addons(of_hooks: Collection[str] = _SHOWING) -> bool:
    """Return True if there is a script of the user's with one of these hooks, by default those that are shown a flow.

    Without a running master there could be.
    """
    if getattr(ctx, "master", None) is None:
        return True
    others = filter(_is_of_user, addonmanager.traverse(ctx.master.addons.chain))
    return any(callable(getattr(addon, name, None)) for addon in others for name in of_hooks)


def is_by_option(flow: http.HTTPFlow, response: http.Response) -> bool:
    """Return True if an option of mitmproxy's own answered before any script could: block_list or proxyauth."""
    asks = f"{response.headers.get('proxy-authenticate')} {response.headers.get('www-authenticate')}"
    return "blocklisted" in flow.metadata or 'realm="mitmproxy"' in asks


def _is_of_user(addon: object) -> bool:
    return type(addon).__module__.partition(".")[0] not in _ASK_FIRST


def _authority_of(request: http.Request) -> str | None:
    """Return the request's `host_header`; mitmproxy looks at all fields for it, while the first is nearly always it."""
    fields = request.headers.fields
    if fields and fields[0][0].lower() == b"host" and not (request.is_http2 or request.is_http3):
        return fields[0][1].decode("utf-8", "surrogateescape")
    return request.host_header


def _names_of_connection(flow: http.HTTPFlow) -> Sequence[str]:
    """Return the names of what a client connected to: behind a reverse proxy, or by TLS."""
    mode, sni = flow.client_conn.proxy_mode, flow.client_conn.sni
    if isinstance(mode, mode_specs.ReverseMode):
        return flow.request.host, mode.address[0]
    return (sni,) if sni else ()


@functools.lru_cache(maxsize=1024)
def _codex_host(authority: str, hosts: tuple[str, ...]) -> str | None:
    """Return the backend's host that an authority names; cached, since mitmproxy's `pretty_host` parses each time."""
    name = url.parse_authority(authority, check=False)[0]
    return name.lower() if is_codex_host(name, hosts) else None


def write_fields(request: http.Request, edits: RequestEdits, length: bytes | None = None) -> None:
    """Write edited header fields to a request, if any has changed; the body's length is the request's, or given."""
    if edits.changed:
        size = length_of(request.headers.fields) if length is None else length
        request.headers.fields = with_length(edits.fields, size, edits.length_at)


def is_reverse(flow: http.HTTPFlow) -> bool:
    """Return True if the flow came in through a reverse proxy."""
    return isinstance(flow.client_conn.proxy_mode, mode_specs.ReverseMode)


def asks_for_websocket(request: http.Request) -> bool:
    """Return True for a request that asks for a WebSocket."""
    return request.method == "GET" and request.headers.get("upgrade", "").lower() == "websocket"


def pass_unchanged(flow: http.HTTPFlow, reason: Exception | str) -> None:
    """Log that a turn is left alone. A path in a request can hold anything, so only its known part is shown."""
    logger.warning(f"A turn to {flow.request.pretty_host!r} passes unchanged: {reason}.")
