"""What the hooks share: the settings in force, the memory behind them, the debugger's desk, the count of faults."""

import functools
import logging
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any
from weakref import WeakValueDictionary

from mitmproxy import addonmanager, ctx, hooks, http
from mitmproxy.net.http import url
from mitmproxy.proxy import mode_specs

from ..body.cache import BodyCache
from ..body.incremental import Body, read_whole
from ..body.json_splice import Object
from ..diagnosis.engine import DiagnosisService
from ..options import default_settings
from ..turn.exchange import Continuity, Exchange
from ..turn.request import ParsedBody, Turn, parse_body
from ..turn.rewrite import RequestEdits
from ..wire.headers import length_of, with_length
from ..wire.routes import is_codex_host
from .deferred import DeferredQueue
from .errors import InternalErrors

# Whether anybody but us can look at a flow. Where nobody can, nothing is kept of it or marked on it for him.
#
# Under `mitmdump -q` nobody can. To keep a copy of each response there costs two thirds of what it costs to explain the
# turn: its chunks lie in fresh memory, while those that are let go at once lie in memory that was used just now.

_OURS = ("codexcache", "mitmproxy")
"""Packages whose addons look at a flow only where an option has them do it."""

_SAVING = ("save_stream_file", "hardump")


class FlowVisibility:
    """Finds out who is there; anew whenever the options change, or the number of addons."""

    def __init__(self) -> None:
        self._addons = -1
        self._present = True

    def configure(self, updated: AbstractSet[str]) -> None:
        self._addons = -1

    @property
    def present(self) -> bool:
        """Whether anybody is there; outside of mitmproxy, whoever calls us is."""
        if (master := getattr(ctx, "master", None)) is None:
            return True
        if (count := len(master.addons.lookup)) != self._addons:
            self._addons, self._present = count, _has_list() or _is_saved() or _has_others()
        return self._present


def _has_list() -> bool:
    return ctx.master.addons.get("view") is not None


def _is_saved() -> bool:
    """Tell whether flows are saved, or printed, if only by their size; who has no such options could do anything."""
    saved = any(getattr(ctx.options, name, "not known") not in (None, "") for name in _SAVING)
    return saved or getattr(ctx.options, "flow_detail", 0) > 0


def _has_others() -> bool:
    """Tell whether another addon is there: a script of the user's that is asked about anything at all."""
    return any(not _is_known(one) and _has_hooks(one) for one in addonmanager.traverse(ctx.master.addons.chain))


def _is_known(addon: Any) -> bool:
    return type(addon).__module__.partition(".")[0] in _OURS


def _has_hooks(addon: Any) -> bool:
    return any(callable(getattr(addon, name, None)) for name in hooks.all_hooks)


# The flows of turns, for as long as mitmproxy or somebody else holds them: we do not.


class FlowRegistry:
    """Flows by id."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, http.HTTPFlow] = WeakValueDictionary()

    def add(self, flow: http.HTTPFlow) -> None:
        """Know a flow until it is gone."""
        self._known[flow.id] = flow

    def get(self, flow_id: str) -> http.HTTPFlow | None:
        """Return a flow, None where it is not known or gone."""
        return self._known.get(flow_id)

    def all(self) -> list[http.HTTPFlow]:
        """Return all flows that are not gone, in the order in which they came."""
        return list(self._known.values())


logger = logging.getLogger(__name__)


class State:
    """One for each addon instance; everything in it is lost with the process."""

    def __init__(self) -> None:
        self.settings = default_settings()
        self.bodies = BodyCache(_beginning)
        self.continuity = Continuity()
        self.faults = InternalErrors()
        self.diagnosis_service = DiagnosisService(self.faults.note)
        self.deferred = DeferredQueue(self.faults)
        self.visibility = FlowVisibility()
        self.hold: Callable[[http.HTTPFlow, Exchange, Callable[[], tuple[object, Turn]]], None] = _let_pass
        self.flows = FlowRegistry()

    def host_of(self, flow: http.HTTPFlow) -> str | None:
        """Return the backend's host that a flow is for, by the name the client asked for, or None.

        Behind a reverse proxy that keeps the client's Host header, that header names the proxy.
        """
        hosts, request = self.settings.hosts, flow.request
        found = _codex_host(_authority_of(request) or request.host, hosts)
        return _codex_host(request.host, hosts) if found is None and is_reverse(flow) else found

    def read(self, text: bytes) -> Body[ParsedBody]:
        """Return the body that a turn has. Raises Unreadable.

        A delta is read by itself, even if another body begins like it: all of its items go on with what it names.
        """
        body = self.bodies.read(text)
        return read_whole(text) if body.known and _is_delta(body.document) else body

    def sealed(self, body: Body[ParsedBody], turn: Turn, edits: RequestEdits) -> bytes | None:
        """Return a turn's body with its edits, None where there are none, and remember both.

        A delta is nothing that another frame starts with.
        """
        put, drop = edits.put, edits.drop
        sent = body.edited(drop, put) if put or drop else None
        if turn.previous is None:
            self.bodies.remember(body, turn.reading, drop=drop, put=put, sent=sent)
        return sent

    def sent(self, flow: http.HTTPFlow, exchange: Exchange, at: float) -> None:
        """Note that a turn leaves at `at`, in seconds since the epoch: before any ends that has not ended yet."""
        self.deferred.enqueue(functools.partial(self.note_sent, flow, exchange, at))

    def end(self, exchange: Exchange, at: float) -> None:
        """Afterwards close a turn that ended at `at`, once, and say what there is to say."""
        self.deferred.do(functools.partial(self._end, exchange, at))

    def socket_closed(self, flow: http.HTTPFlow) -> None:
        """Afterwards forget what only the turns of a WebSocket could name."""
        self.deferred.do(functools.partial(self.diagnosis_service.socket_closed, flow.id))

    def note_sent(self, flow: http.HTTPFlow, exchange: Exchange, at: float) -> None:
        """Note at once that a turn leaves."""
        self.flows.add(flow)
        self.diagnosis_service.turn_sent(exchange, flow=flow.id, at=at)

    def _end(self, exchange: Exchange, at: float) -> None:
        if exchange.closed:
            return
        try:
            if sentence := self.continuity.end(exchange, self.settings):
                logger.warning(sentence)
        except Exception as error:  # what was sent is told nevertheless
            self.faults.note("learning from a response", error)
        self.diagnosis_service.turn_ended(exchange, at=at)


def _let_pass(flow: http.HTTPFlow, exchange: Exchange, reread: Callable[[], tuple[object, Turn]]) -> None:
    """Hold nothing."""


def _is_delta(document: Object) -> bool:
    return bool(document.get("previous_response_id"))


def _beginning(document: Object) -> ParsedBody | None:
    """Return what a body says that another may begin with."""
    return None if _is_delta(document) else parse_body(document)


def _authority_of(request: http.Request) -> str | None:
    """Return the request's `host_header`; mitmproxy looks at all fields for it, while the first is nearly always it."""
    fields = request.headers.fields
    if fields and fields[0][0].lower() == b"host" and not (request.is_http2 or request.is_http3):
        return fields[0][1].decode("utf-8", "surrogateescape")
    return request.host_header


@functools.lru_cache(maxsize=1024)
def _codex_host(authority: str, hosts: tuple[str, ...]) -> str | None:
    """Return the backend's host that an authority names, which mitmproxy's `pretty_host` parses anew each time."""
    name = url.parse_authority(authority, check=False)[0]
    return name.lower() if is_codex_host(name, hosts) else None


def write_fields(request: http.Request, edits: RequestEdits, length: bytes | None = None) -> None:
    """Give a request the header fields of its envelope, if they are others; the body's length is its own, or given."""
    if edits.changed:
        size = length_of(request.headers.fields) if length is None else length
        request.headers.fields = with_length(edits.fields, size, edits.length_at)


def is_reverse(flow: http.HTTPFlow) -> bool:
    """Tell whether the flow came in through a reverse proxy."""
    return isinstance(flow.client_conn.proxy_mode, mode_specs.ReverseMode)


def pass_unchanged(flow: http.HTTPFlow, reason: Exception | str) -> None:
    """Say that a turn is left alone. A path in a request can hold anything, so only its known part is shown."""
    logger.warning(f"A turn to {flow.request.pretty_host!r} passes unchanged: {reason}.")
