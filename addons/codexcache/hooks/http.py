"""Turns over HTTP, and every event stream that is decrypted.

A request is read, edited and sent in `_send`; its response passes a `Tap`, which never holds it back.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from collections.abc import Set as AbstractSet

from mitmproxy import http
from mitmproxy.net import encoding

from ..body.incremental import Body
from ..body.json_splice import Unreadable
from ..turn.exchange import Exchange
from ..turn.request import ClientHeaders, ParsedBody, Turn, read_client_headers, read_turn
from ..turn.stream import BodyBuffer, Reader, Tap, reader_for
from ..wire.content_encoding import Undecodable, decode, name_for_encoding, within
from ..wire.headers import Values, first_value, values_by_name
from ..wire.routes import Endpoint, endpoint_of, real_target
from ..wire.sse import EVENT_LIMIT
from .deferred import LARGE, decode_maybe_in_thread, run_maybe_in_thread
from .state import State, is_reverse, pass_unchanged, write_fields

logger = logging.getLogger(__name__)


type Reread = Callable[[], tuple[object, Turn]]
"""Reads a turn again as it is now: its bytes, to be compared, and the turn. Raises ValueError."""

type HoldTurn = Callable[[http.HTTPFlow, Exchange, Reread], None]
"""Holds a turn that the user wants to look at before it leaves (option `codex_intercept`)."""


def hold_nothing(flow: http.HTTPFlow, exchange: Exchange, reread: Reread) -> None:
    """Let every turn pass."""


class HttpTurns:
    """Edits a POST to the backend, and observes the response."""

    def __init__(self, state: State, hold: HoldTurn = hold_nothing) -> None:
        self._state, self._hold = state, hold
        self._exchanges: dict[str, Exchange] = {}
        self._taps: dict[str, Tap] = {}
        self._is_bypassed = False

    @property
    def in_progress(self) -> AbstractSet[str]:
        """The ids of the flows whose turns have left and not ended."""
        return self._exchanges.keys()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and is_reverse(flow) and self._state.host_of(flow):
            flow.request.path = real_target(flow.request.path)

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        endpoint = endpoint_of(flow.request.path)
        if flow.live and endpoint and flow.request.method == "POST" and (host := self._state.host_of(flow)):
            return self._send(flow, host, endpoint)
        return None

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if not flow.live or not flow.response or flow.response.status_code == 101:
            return
        values = values_by_name(flow.response.headers.fields)
        if _is_event_stream(values) or self._state.host_of(flow):  # the backend's must not wait, nor any event stream
            other = flow.response.stream
            flow.response.stream = other or True  # whatever happens to our listener, the response does not wait
            tap = self._taps[flow.id] = self._tap(flow, flow.response, values)
            flow.response.stream = _chained(tap.listener(), other) if callable(other) else tap.listener()

    def response(self, flow: http.HTTPFlow) -> None:
        tap, exchange = self._taps.get(flow.id), self._exchanges.get(flow.id)
        if exchange and tap and not tap.is_used and flow.response and flow.response.raw_content is None:
            self._warn_bypassed()
        self._close(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def _send(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> Awaitable[None] | None:
        """Edit and send a turn. What cannot be read passes unchanged; what may take long is done in `_send_large`."""
        request, client_headers = flow.request, read_client_headers(flow.request.headers.fields)
        coding = coding_of(client_headers.values).strip()
        if coding or len(request.raw_content or b"") >= LARGE:
            return self._send_large(flow, client_headers, coding, host, endpoint)
        try:
            text = within(_whole(request), self._state.settings.body_limit)
            body, turn = self._read(text, client_headers, host, endpoint)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)
        else:
            exchange, content = self._edit(body, turn)
            self._commit(flow, exchange, content, host, endpoint)
        return None

    async def _send_large(
        self, flow: http.HTTPFlow, client_headers: ClientHeaders, coding: str, host: str, endpoint: Endpoint
    ) -> None:
        """Edit and send a turn whose body is encoded or large: decode, edit, encode again."""
        try:
            text = await decode_maybe_in_thread(_whole(flow.request), coding, self._state.settings.body_limit)
            news = self._state.bodies.unparsed_length(text) if len(text) >= LARGE else 0
            body, turn = await run_maybe_in_thread(news, lambda: self._read(text, client_headers, host, endpoint))
        except (Undecodable, Unreadable) as reason:
            return pass_unchanged(flow, reason)
        exchange, content = self._edit(body, turn)
        if (sent := content) is not None and coding:
            content = await run_maybe_in_thread(len(sent), lambda: encoding.encode(sent, name_for_encoding(coding)))
        self._commit(flow, exchange, content, host, endpoint)

    def _edit(self, body: Body[ParsedBody], turn: Turn) -> tuple[Exchange, bytes | None]:
        """Return a turn's exchange, and its body with its edits, None where there are none."""
        exchange = self._state.continuity.begin(turn, self._state.settings)
        return exchange, self._state.edit(body, turn, exchange.edits)

    def _commit(
        self, flow: http.HTTPFlow, exchange: Exchange, content: bytes | None, host: str, endpoint: Endpoint
    ) -> None:
        """Write the edits to the request, and record that the turn leaves."""
        request = flow.request
        write_fields(request, exchange.edits, None if content is None else b"%d" % len(content))
        if content is not None:
            request.raw_content = content
        self._exchanges[flow.id] = exchange
        self._state.request_sent(flow, exchange, request.timestamp_end or time.time())
        if self._state.settings.intercept:
            self._hold(flow, exchange, lambda: self._reread(request, host, endpoint))

    def _read(
        self, text: bytes, client_headers: ClientHeaders, host: str, endpoint: Endpoint
    ) -> tuple[Body[ParsedBody], Turn]:
        """Return a request's body, and its turn. Raises Unreadable."""
        body = self._state.read(text)
        turn = read_turn(
            client_headers,
            body.document,
            transport="http",
            host=host,
            endpoint=endpoint,
            cached=body.cached_parsed,
            changed=body.changed,
        )
        return body, turn

    def _reread(self, request: http.Request, host: str, endpoint: Endpoint) -> tuple[object, Turn]:
        """Return a request's body and header fields, and its turn, as they are now.

        Raises Undecodable or Unreadable.
        """
        client_headers = read_client_headers(request.headers.fields)
        text = decode(request.raw_content or b"", coding_of(client_headers.values), self._state.settings.body_limit)
        body, turn = self._read(text, client_headers, host, endpoint)
        return (body.text, request.headers.fields), turn

    def _tap(self, flow: http.HTTPFlow, response: http.Response, values: Values) -> Tap:
        """Return the observer of a response; it keeps a copy where somebody could look at the flow."""
        exchange = self._exchanges.get(flow.id)
        reader = self._reader(response, values, exchange) if exchange else None
        buffer = BodyBuffer(self._state.settings.view_limit) if self._state.visibility.present else None
        return Tap(self._note_error, reader, buffer)

    def _reader(self, response: http.Response, values: Values, exchange: Exchange) -> Reader | None:
        try:
            return reader_of(response, values, exchange, lambda: self._state.response_ended(exchange, time.time()))
        except Undecodable:
            return None  # nothing but its status is known

    def _note_error(self, error: Exception) -> None:
        self._state.errors.note("reading a response", error)

    def _warn_bypassed(self) -> None:
        """Log once that another addon has replaced our stream callback, which is then never called."""
        if not self._is_bypassed:
            self._is_bypassed = True
            logger.warning(
                "Another addon has replaced this one's response.stream, so turns end without their "
                "counters. Load that addon first (-s OTHER.py -s codex_continuity.py); then both see the response."
            )

    def _close(self, flow: http.HTTPFlow) -> None:
        """End a turn that has not ended by itself, and store what was streamed in the flow, to be viewed and saved."""
        if exchange := self._exchanges.pop(flow.id, None):
            if not exchange.response_info.finished:  # a finished one has ended with its last event
                self._state.response_ended(exchange, time.time())
            self._state.deferred.catch_up()  # what the flow carries has to be there before it is saved
        if tap := self._taps.pop(flow.id, None):
            body = tap.release()
            if flow.response and flow.response.raw_content is None:
                flow.response.raw_content = body


def _whole(request: http.Request) -> bytes:
    """Return a request's content as it came. Raises Unreadable."""
    if request.stream or request.raw_content is None:
        raise Unreadable("stream_large_bodies had it sent before it was read")
    return request.raw_content


type _Stream = Callable[[bytes], Iterable[bytes] | bytes]
"""A stream callback: mitmproxy passes a response's chunks through it."""


def _chained(observe: Callable[[bytes], bytes], other: _Stream) -> _Stream:
    """Return a stream callback that observes a chunk before another addon's callback, which may alter it."""

    def stream(chunk: bytes) -> Iterable[bytes] | bytes:
        return other(observe(chunk))

    return stream


def _is_event_stream(values: Values) -> bool:
    return (first_value(values, "content-type") or "").lower().startswith("text/event-stream")


def reader_of(response: http.Response, values: Values, exchange: Exchange, on_finished: Callable[[], None]) -> Reader:
    """Record how a turn's response begins, and return the reader of the rest. Raises Undecodable.

    `values` are its header fields. A turn ends with its last event, not with its connection: then `on_finished` is
    called, perhaps more than once.
    """
    exchange.response_info.status = response.status_code
    exchange.response_info.challenge = _is_challenge(values)
    exchange.first_byte_at = response.timestamp_start
    return reader_for(
        exchange.response_info,
        coding=coding_of(values),
        event_stream=_is_event_stream(values),
        limit=EVENT_LIMIT,
        on_finished=on_finished,
    )


def _is_challenge(values: Values) -> bool:
    """Return True for a challenge page, which asks for a browser (router-for-me/CLIProxyAPI#3626)."""
    return values.get("cf-mitigated") == ["challenge"]


def coding_of(values: Values) -> str:
    """Return a message's content coding, blank where it has none."""
    return ", ".join(values.get("content-encoding", ()))
