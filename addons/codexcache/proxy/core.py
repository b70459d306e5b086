"""What the hooks share: the settings in force, the memory behind them, the debugger's desk, the count of faults."""

import functools
import logging
from collections.abc import Callable

from mitmproxy import http
from mitmproxy.net.http import url
from mitmproxy.proxy import mode_specs

from ..causes.desk import Desk
from ..settings import default_settings
from ..turns.continuity import Continuity, Passage
from ..turns.envelope import Envelope
from ..turns.turn import Reading, Turn, read_alone
from ..wire.bodies import Bodies
from ..wire.body import Body, read_whole
from ..wire.document import Object
from ..wire.fields import length_of, with_length
from ..wire.routes import is_codex_host
from .afterwards import Afterwards
from .flows import Flows
from .guard import Faults
from .onlookers import Onlookers

logger = logging.getLogger(__name__)


class Core:
    """One for each addon instance; everything in it is lost with the process."""

    def __init__(self) -> None:
        self.settings = default_settings()
        self.bodies = Bodies(_beginning)
        self.continuity = Continuity()
        self.faults = Faults()
        self.desk = Desk(self.faults.note)
        self.afterwards = Afterwards(self.faults)
        self.onlookers = Onlookers()
        self.hold: Callable[[http.HTTPFlow, Passage, Callable[[], tuple[object, Turn]]], None] = _let_pass
        self.flows = Flows()

    def host_of(self, flow: http.HTTPFlow) -> str | None:
        """Return the backend's host that a flow is for, by the name the client asked for, or None.

        Behind a reverse proxy that keeps the client's Host header, that header names the proxy.
        """
        hosts, request = self.settings.hosts, flow.request
        found = _codex_host(_authority_of(request) or request.host, hosts)
        return _codex_host(request.host, hosts) if found is None and is_reverse(flow) else found

    def read(self, text: bytes) -> Body[Reading]:
        """Return the body that a turn has. Raises Unreadable.

        A delta is read by itself, even if another body begins like it: all of its items go on with what it names.
        """
        body = self.bodies.read(text)
        return read_whole(text) if body.known and _is_delta(body.document) else body

    def sealed(self, body: Body[Reading], turn: Turn, envelope: Envelope) -> bytes | None:
        """Return a turn's body with its edits, None where there are none, and remember both.

        A delta is nothing that another frame starts with.
        """
        put, drop = envelope.put, envelope.drop
        sent = body.edited(drop, put) if put or drop else None
        if turn.previous is None:
            self.bodies.remember(body, turn.reading, drop=drop, put=put, sent=sent)
        return sent

    def sent(self, flow: http.HTTPFlow, passage: Passage, at: float) -> None:
        """Note that a turn leaves at `at`, in seconds since the epoch: before any ends that has not ended yet."""
        self.afterwards.put_by(functools.partial(self.note_sent, flow, passage, at))

    def end(self, passage: Passage, at: float) -> None:
        """Afterwards close a turn that ended at `at`, once, and say what there is to say."""
        self.afterwards.do(functools.partial(self._end, passage, at))

    def socket_closed(self, flow: http.HTTPFlow) -> None:
        """Afterwards forget what only the turns of a WebSocket could name."""
        self.afterwards.do(functools.partial(self.desk.socket_closed, flow.id))

    def note_sent(self, flow: http.HTTPFlow, passage: Passage, at: float) -> None:
        """Note at once that a turn leaves."""
        self.flows.add(flow)
        self.desk.sent(passage, flow=flow.id, at=at)

    def _end(self, passage: Passage, at: float) -> None:
        if passage.closed:
            return
        try:
            if sentence := self.continuity.end(passage, self.settings):
                logger.warning(sentence)
        except Exception as error:  # what was sent is told nevertheless
            self.faults.note("learning from a response", error)
        self.desk.ended(passage, at=at)


def _let_pass(flow: http.HTTPFlow, passage: Passage, reread: Callable[[], tuple[object, Turn]]) -> None:
    """Hold nothing."""


def _is_delta(document: Object) -> bool:
    return bool(document.get("previous_response_id"))


def _beginning(document: Object) -> Reading | None:
    """Return what a body says that another may begin with."""
    return None if _is_delta(document) else read_alone(document)


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


def write_fields(request: http.Request, envelope: Envelope, length: bytes | None = None) -> None:
    """Give a request the header fields of its envelope, if they are others; the body's length is its own, or given."""
    if envelope.changed:
        size = length_of(request.headers.fields) if length is None else length
        request.headers.fields = with_length(envelope.fields, size, envelope.length_at)


def is_reverse(flow: http.HTTPFlow) -> bool:
    """Tell whether the flow came in through a reverse proxy."""
    return isinstance(flow.client_conn.proxy_mode, mode_specs.ReverseMode)


def pass_unchanged(flow: http.HTTPFlow, reason: Exception | str) -> None:
    """Say that a turn is left alone. A path in a request can hold anything, so only its known part is shown."""
    logger.warning(f"A turn to {flow.request.pretty_host!r} passes unchanged: {reason}.")
