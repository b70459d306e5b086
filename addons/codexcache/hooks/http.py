"""Turns over HTTP, and every event stream that is decrypted."""

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
from ..wire.content_encoding import Undecodable, decode, within
from ..wire.headers import Values, first_value, values_by_name
from ..wire.routes import Endpoint, endpoint_of, real_target
from ..wire.sse import EVENT_LIMIT
from .deferred import LARGE, decode_maybe_in_thread, run_maybe_in_thread
from .state import State, is_reverse, pass_unchanged, write_fields

logger = logging.getLogger(__name__)


class HttpTurns:
    """Gives a POST to the backend its envelope, and listens to the response."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._exchanges: dict[str, Exchange] = {}
        self._taps: dict[str, Tap] = {}
        self._is_deaf = False

    @property
    def in_progress(self) -> AbstractSet[str]:
        """The ids of the flows whose turns have left and not come to their end."""
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
            theirs = flow.response.stream
            flow.response.stream = theirs or True  # whatever happens to our listener, the response does not wait
            tap = self._taps[flow.id] = self._tap(flow, flow.response, values)
            flow.response.stream = _before(theirs, tap.listener()) if callable(theirs) else tap.listener()

    def response(self, flow: http.HTTPFlow) -> None:
        tap, exchange = self._taps.get(flow.id), self._exchanges.get(flow.id)
        if exchange and tap and not tap.is_used and flow.response and flow.response.raw_content is None:
            self._say_deaf()
        self._close(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    def _send(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> Awaitable[None] | None:
        """Give a turn its envelope. What cannot be read passes unchanged; what may take long is done aside."""
        request, client_headers = flow.request, read_client_headers(flow.request.headers.fields)
        coding = coding_of(client_headers.values).strip()
        if coding or len(request.raw_content or b"") >= LARGE:
            return self._send_aside(flow, client_headers, coding, host, endpoint)
        try:
            text = within(_whole(request), self._state.settings.body_limit)
            body, turn = self._read(text, client_headers, host, endpoint)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)
        else:
            exchange, content = self._sealed(body, turn)
            self._commit(flow, exchange, content, host, endpoint)
        return None

    async def _send_aside(
        self, flow: http.HTTPFlow, client_headers: ClientHeaders, coding: str, host: str, endpoint: Endpoint
    ) -> None:
        """Decode a body, give the turn its envelope, and encode the body again."""
        try:
            text = await decode_maybe_in_thread(_whole(flow.request), coding, self._state.settings.body_limit)
            news = self._state.bodies.unparsed_length(text) if len(text) >= LARGE else 0
            body, turn = await run_maybe_in_thread(news, lambda: self._read(text, client_headers, host, endpoint))
        except (Undecodable, Unreadable) as reason:
            return pass_unchanged(flow, reason)
        exchange, content = self._sealed(body, turn)
        if (sent := content) is not None and coding:
            content = await run_maybe_in_thread(len(sent), lambda: encoding.encode(sent, coding))
        self._commit(flow, exchange, content, host, endpoint)

    def _sealed(self, body: Body[ParsedBody], turn: Turn) -> tuple[Exchange, bytes | None]:
        """Work out a turn's envelope, and its body with its edits, None where there are none."""
        exchange = self._state.continuity.begin(turn, self._state.settings)
        return exchange, self._state.sealed(body, turn, exchange.edits)

    def _commit(
        self, flow: http.HTTPFlow, exchange: Exchange, content: bytes | None, host: str, endpoint: Endpoint
    ) -> None:
        """Write what was worked out, and note that the turn leaves."""
        request = flow.request
        write_fields(request, exchange.edits, None if content is None else b"%d" % len(content))
        if content is not None:
            request.raw_content = content
        self._exchanges[flow.id] = exchange
        self._state.sent(flow, exchange, request.timestamp_end or time.time())
        self._state.hold(flow, exchange, lambda: self._reread(request, host, endpoint))

    def _read(
        self, text: bytes, client_headers: ClientHeaders, host: str, endpoint: Endpoint
    ) -> tuple[Body[ParsedBody], Turn]:
        """Return a request's body, and the turn that it is. Raises Unreadable."""
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
        """Return all of a request that counts, and the turn that it is now. Raises Undecodable or Unreadable."""
        client_headers = read_client_headers(request.headers.fields)
        text = decode(request.raw_content or b"", coding_of(client_headers.values), self._state.settings.body_limit)
        body, turn = self._read(text, client_headers, host, endpoint)
        return (body.text, request.headers.fields), turn

    def _tap(self, flow: http.HTTPFlow, response: http.Response, values: Values) -> Tap:
        """Return what reads a turn's outcome, and keeps a copy of the response where somebody could look at it."""
        exchange = self._exchanges.get(flow.id)
        reader = self._reader(response, values, exchange) if exchange else None
        keeper = BodyBuffer(self._state.settings.view_limit) if self._state.visibility.present else None
        return Tap(self._note_fault, reader, keeper)

    def _reader(self, response: http.Response, values: Values, exchange: Exchange) -> Reader | None:
        try:
            return reader_of(response, values, exchange, lambda: self._state.end(exchange, time.time()))
        except Undecodable:
            return None  # it says no more than its status

    def _note_fault(self, error: Exception) -> None:
        self._state.faults.note("reading a response", error)

    def _say_deaf(self) -> None:
        """Say once that a listener that was put in the place of ours hears all, and ours nothing."""
        if not self._is_deaf:
            self._is_deaf = True
            logger.warning(
                "Another addon has put its own response.stream in the place of this one's, so turns end without their "
                "counters. Load that addon first (-s THEIRS -s codex_continuity.py); then both hear the response."
            )

    def _close(self, flow: http.HTTPFlow) -> None:
        """End a turn that has not ended by itself, and put what was streamed where it can be seen and saved."""
        if exchange := self._exchanges.pop(flow.id, None):
            if not exchange.closed:
                self._state.end(exchange, time.time())
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
"""What mitmproxy passes a response's chunks through."""


def _before(theirs: _Stream, ours: Callable[[bytes], bytes]) -> _Stream:
    """Return a listener that is heard before another addon's, which may alter what passes."""

    def stream(chunk: bytes) -> Iterable[bytes] | bytes:
        return theirs(ours(chunk))

    return stream


def _is_event_stream(values: Values) -> bool:
    return (first_value(values, "content-type") or "").lower().startswith("text/event-stream")


def reader_of(response: http.Response, values: Values, exchange: Exchange, on_finished: Callable[[], None]) -> Reader:
    """Note how a turn's response begins, and return what reads the rest. Raises Undecodable.

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
    """Tell whether a page came that asks for a browser (router-for-me/CLIProxyAPI#3626)."""
    return values.get("cf-mitigated") == ["challenge"]


def coding_of(values: Values) -> str:
    """Return a message's content coding, blank where it has none."""
    return ", ".join(values.get("content-encoding", ()))
