"""Turns over HTTP, and every event stream that is decrypted.

A request is read, edited and sent in `_send`. An event stream passes a `Tap`, which never holds it back; so does the
response to a turn, unless it is a JSON document. No other response is touched.

What left need not be what was written here, and a response need not pass the tap: another addon, an option or a hand
can come in between. So when a response begins, the request is compared with what was written (`SentTurn`) and read
again if it differs; and a response that did not pass the tap is read from the flow when it is there as a whole.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Awaitable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from mitmproxy import flow as any_flow
from mitmproxy import http
from mitmproxy.net import encoding

from ..body.incremental import Body
from ..body.json_splice import Unreadable
from ..text import cut
from ..turn.exchange import Exchange, unchanged_exchange
from ..turn.request import ParsedBody, ReadTurn, Turn, read_client_headers, read_turn
from ..turn.response import ELSEWHERE
from ..turn.stream import BodyBuffer, Reader, Tap
from ..wire.content_encoding import Undecodable, decode, name_for_encoding, within
from ..wire.headers import Fields, Values, coding_of, is_event_stream, values_by_name
from ..wire.routes import Endpoint, real_target
from .deferred import LARGE, decode_maybe_in_thread, run_maybe_in_thread, take_steps
from .late_edits import LateEdits, Listening
from .messages import comes_whole, drop_digests, how_it_broke, is_killed, is_made_here, read_whole, without_host
from .state import (
    UNREADABLE,
    HoldTurn,
    Reread,
    State,
    asks_for_websocket,
    has_other_addons,
    hold_nothing,
    is_by_option,
    is_reverse,
    pass_unchanged,
    write_fields,
)

logger = logging.getLogger(__name__)

_MOST_PATHS, _LONGEST_PATH = 20, 80
"""Wrong paths that are named, and characters of each that are shown; a client could make up any number."""

_ANSWERED = (
    "Another addon answered a turn before Codex Continuity read it, so it was not edited and no key was written. If "
    "that addon sends turns to the backend by itself, load this one first: -s codex_continuity.py -s OTHER.py."
)
_UNHEARD = (
    "Another addon has replaced this one's response.stream, so turns end without their counters. Load that addon first "
    "(-s OTHER.py -s codex_continuity.py); then both see the response."
)


class SentTurn(NamedTuple):
    """A turn that has left, with the header fields and the body that this addon gave to its request."""

    exchange: Exchange
    fields: Fields
    content: bytes | None
    reread: Reread

    def left_as_written(self, request: http.Request) -> bool:
        """Return True if the request is still what was written; it may have been moved to another host."""
        if request.raw_content != self.content:
            return False
        fields = request.headers.fields
        return fields == self.fields or without_host(fields) == without_host(self.fields)


class HttpTurns:
    """Edits a POST to the backend, and observes the response."""

    def __init__(self, state: State, hold: HoldTurn = hold_nothing) -> None:
        self._state, self._hold = state, hold
        self._asked: dict[str, str] = {}
        self._sent: dict[str, SentTurn] = {}
        self._listening: dict[str, Listening] = {}
        self._warn = state.warn_once
        self._late_edits = LateEdits(self._warn)
        self._wrong_paths: set[str] = set()

    @property
    def in_progress(self) -> AbstractSet[str]:
        """The ids of the flows whose turns have left and not ended."""
        return self._sent.keys()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Note which host the client asked for; behind a reverse proxy, correct the path, unless the turn was moved."""
        if flow.live and (host := self._state.host_of(flow)):
            if is_reverse(flow) and host in (flow.request.host.lower(), flow.request.pretty_host.lower()):
                flow.request.path = real_target(flow.request.path)
            if flow.request.method == "POST":
                self._asked[flow.id] = host

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        asked = self._asked.pop(flow.id, None)
        if not flow.live or not (host := self._state.host_of(flow) or asked):
            return None
        endpoint = self._state.endpoint_of(flow, host)
        self._state.requests, self._state.begun = self._state.requests + 1, self._state.begun + bool(endpoint)
        if endpoint is None:
            self._name_wrong_path(flow, host)
        elif flow.request.method == "POST":
            return self._send(flow, host, endpoint)
        return None

    def responseheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        response = flow.response
        if not flow.live or not response or response.status_code == 101:
            return None
        sent, values = self._sent.get(flow.id), values_by_name(response.headers.fields)
        if sent and is_made_here(response):
            sent.exchange.response_info.ended = ELSEWHERE
        if is_event_stream(values) or (sent and not comes_whole(response, values)):
            self._listen(flow.id, response, values, sent)
        elif sent:
            sent.exchange.begin_response(response.status_code, values, response.timestamp_start)
        return self._read_again(flow, sent) if sent and not sent.left_as_written(flow.request) else None

    def response(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        sent, listening = self._sent.get(flow.id), self._listening.get(flow.id)
        if is_unheard := bool(sent and flow.response and not (listening and listening.tap.is_used)):
            if sent and flow.response and flow.response.raw_content is not None:
                return self._close_unheard(flow, flow.response, sent.exchange)
            self._warn(_UNHEARD)
        self._close(flow, known=not is_unheard)
        return None

    def error(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if (sent := self._sent.get(flow.id)) and not flow.response:  # else it was looked at when the response began
            if is_killed(flow, sent.exchange):
                self._withdraw(flow, sent.exchange)
            elif not sent.left_as_written(flow.request):
                return self._close_edited(flow, sent)
        self._close(flow)
        return None

    def update(self, flows: Sequence[any_flow.Flow]) -> None:
        """Look for late edits; mitmproxy calls this after each event of a flow, when it has asked all addons."""
        self._late_edits.look(flows, self._listening)

    def _name_wrong_path(self, flow: http.HTTPFlow, host: str) -> None:
        """Name a path that is nearly right, once.

        The client gets the backend's error, from which no user would guess that this addon saw no turn.
        """
        path = flow.request.path.partition("?")[0]
        kind = "POST" if flow.request.method == "POST" else "WebSocket" if asks_for_websocket(flow.request) else ""
        if (right := real_target(path)) == path or not kind:
            return
        if path not in self._wrong_paths and len(self._wrong_paths) < _MOST_PATHS:
            self._wrong_paths.add(path)
            logger.warning(
                f"A {kind} to {host} has the path {cut(path, _LONGEST_PATH)}, which is no turn's, and passes "
                f"unchanged. The right one is {right}: correct the client's base URL."
            )

    def _send(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> Awaitable[None] | None:
        """Edit and send a turn. What cannot be read passes unchanged; what may take long is done in `_send_large`."""
        coding, read = _headers_of(flow.request, host, endpoint)
        if coding or len(flow.request.raw_content or b"") >= LARGE:
            return self._send_large(flow, coding, read)
        try:
            body, turn = self._state.read_turn(within(_whole(flow.request), self._state.settings.body_limit), read)
        except (Undecodable, Unreadable) as reason:
            self._pass_unread(flow, reason, read)
            return None
        if looking_up := self._state.persistence.look_up(turn):
            return self._send_after_lookup(flow, body, turn, looking_up)
        self._commit(flow, *self._edit(flow, body, turn))
        return None

    async def _send_after_lookup(
        self, flow: http.HTTPFlow, body: Body[ParsedBody], turn: Turn, looking_up: Awaitable[None]
    ) -> None:
        """Edit and send a turn once it is known whether its conversation is."""
        await looking_up
        self._commit(flow, *self._edit(flow, body, turn))

    async def _send_large(self, flow: http.HTTPFlow, coding: str, read: ReadTurn) -> None:
        """Edit and send a turn whose body is encoded or large: decode, edit, encode again."""
        try:
            text = await decode_maybe_in_thread(_whole(flow.request), coding, self._state.settings.body_limit)
            body, turn = await take_steps(self._state.read_turn_in_steps(text, read))
        except (Undecodable, Unreadable) as reason:
            return self._pass_unread(flow, reason, read)
        if looking_up := self._state.persistence.look_up(turn):
            await looking_up
        await asyncio.sleep(0)  # the last step of reading, the edit and the sending each take some milliseconds
        exchange, content = self._edit(flow, body, turn)
        if (sent := content) is not None and coding:
            content = await run_maybe_in_thread(len(sent), lambda: encoding.encode(sent, name_for_encoding(coding)))
        await asyncio.sleep(0)
        self._commit(flow, exchange, content)

    def _edit(self, flow: http.HTTPFlow, body: Body[ParsedBody], turn: Turn) -> tuple[Exchange, bytes | None]:
        """Return a turn's exchange, and its body with its edits, None where there are none."""
        mode = self._state.settings.mode
        if flow.response and mode != "observe":
            if has_other_addons() and not is_by_option(flow, flow.response):  # which is as the user wants it
                self._warn(_ANSWERED)
            return unchanged_exchange(turn, mode), None
        exchange = self._state.continuity.begin(turn, self._state.settings)
        return exchange, self._state.edit(body, turn, exchange)

    def _pass_unread(self, flow: http.HTTPFlow, reason: ValueError, read: ReadTurn) -> None:
        """Let a turn that cannot be read pass unchanged, and record it by what its headers and its response say."""
        pass_unchanged(flow, reason)
        exchange = unchanged_exchange(read({}, unread=str(reason)), self._state.settings.mode)
        self._commit(flow, exchange, None)
        if flow.request.stream and flow.response:  # the backend has answered before it had the whole request
            read_whole(flow.response, exchange)
            self._close(flow)

    def _commit(self, flow: http.HTTPFlow, exchange: Exchange, content: bytes | None) -> None:
        """Write the edits to the request, and record that the turn leaves."""
        request, turn = flow.request, exchange.turn
        write_fields(request, exchange.edits, None if content is None else b"%d" % len(content))
        if content is not None:
            request.raw_content = content
            drop_digests(request, exchange)
        reread = functools.partial(self._reread, flow, turn.host, turn.endpoint)
        self._sent[flow.id] = SentTurn(exchange, request.headers.fields, request.raw_content, reread)
        self._state.request_sent(flow, exchange, request.timestamp_end or time.time())
        if self._state.settings.intercept and not (flow.response or turn.unread):
            self._hold(flow, exchange, reread)

    def _reread(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> tuple[object, Turn]:
        """Return a request's body and header fields, and its turn, as they are now.

        Raises Undecodable or Unreadable.
        """
        coding, read = _headers_of(flow.request, host, endpoint)
        body, turn = self._state.read_turn(decode(_whole(flow.request), coding, self._state.settings.body_limit), read)
        return (body.text, flow.request.headers.fields), turn

    async def _read_again(self, flow: http.HTTPFlow, sent: SentTurn) -> None:
        """Record what left in place of what was written."""
        try:
            _, turn = await run_maybe_in_thread(len(flow.request.raw_content or b""), sent.reread)
        except (Undecodable, Unreadable) as reason:
            self._warn(UNREADABLE.format(reason))
        else:
            self._state.turn_edited(sent.exchange, turn)

    def _listen(self, flow_id: str, response: http.Response, values: Values, sent: SentTurn | None) -> None:
        """Have a response pass a tap, which keeps a copy where somebody could look at the flow."""
        other = response.stream
        response.stream = other or True  # whatever happens to our listener, the response does not wait
        reader = self._reader(response, values, sent.exchange) if sent else None
        buffer = BodyBuffer(self._state.settings.view_limit) if self._state.visibility.present else None
        tap = Tap(functools.partial(self._state.errors.note, "reading a response"), reader, buffer)
        callback = tap.listener()
        self._listening[flow_id] = Listening(tap, None if callable(other) else callback)
        # Another addon's callback may alter what it is given.
        response.stream = (lambda chunk: other(callback(chunk))) if callable(other) else callback

    def _reader(self, response: http.Response, values: Values, exchange: Exchange) -> Reader | None:
        def end() -> None:
            self._state.response_ended(exchange, time.time())

        return exchange.begin_response(response.status_code, values, response.timestamp_start, end)

    async def _close_edited(self, flow: http.HTTPFlow, sent: SentTurn) -> None:
        """End a turn that no response came for, as it left."""
        try:
            await self._read_again(flow, sent)
        finally:
            self._close(flow)

    def _withdraw(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        """Forget a turn that did not leave after all."""
        del self._sent[flow.id]
        self._state.deferred.enqueue(functools.partial(self._state.diagnosis_service.turn_withdrawn, exchange))

    async def _close_unheard(self, flow: http.HTTPFlow, response: http.Response, exchange: Exchange) -> None:
        """Read a response that did not pass a tap, and end its turn."""
        try:
            size = len(response.raw_content or b"")
            await run_maybe_in_thread(size, lambda: read_whole(response, exchange))
        finally:
            self._close(flow)

    def _close(self, flow: http.HTTPFlow, *, known: bool = True) -> None:
        """End a turn that has not ended by itself, and store what was streamed in the flow, to be viewed and saved.

        How it ended is not `known` where nothing was heard of its response.
        """
        self._asked.pop(flow.id, None)
        listening = self._listening.pop(flow.id, None)
        heard = listening is not None and listening.tap.is_used
        if sent := self._sent.pop(flow.id, None):
            if not (heard and sent.exchange.response_info.finished):  # such a one has ended with its last event
                sent.exchange.response_info.end(how_it_broke(flow) if known else "")
                self._state.response_ended(sent.exchange, time.time())
            self._state.deferred.catch_up()  # what the flow carries has to be there before it is saved
        if listening and heard and flow.response:
            self._late_edits.store(flow.id, flow.response, listening)
        else:
            self._late_edits.forget(flow.id)


def _headers_of(request: http.Request, host: str, endpoint: Endpoint) -> tuple[str, ReadTurn]:
    """Return a request's content coding, and what reads its body as that of a turn with its header fields."""
    client_headers = read_client_headers(request.headers.fields)
    read = functools.partial(read_turn, client_headers, transport="http", host=host, endpoint=endpoint)
    return coding_of(client_headers.values).strip(), read


def _whole(request: http.Request) -> bytes:
    """Return a request's content as it came. Raises Unreadable."""
    if request.stream or request.raw_content is None:
        raise Unreadable("it was sent before it could be read, by stream_large_bodies or another addon")
    return request.raw_content
