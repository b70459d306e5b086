"""Turns over HTTP, and every event stream that is decrypted."""

import contextlib
import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from mitmproxy import http
from mitmproxy.net import encoding

from ..turns.continuity import Passage
from ..turns.envelope import Envelope
from ..turns.tap import Reader, Tap, reader_for
from ..turns.turn import Reading, Turn, read_sender, read_turn
from ..wire.bodies import Body
from ..wire.coding import Undecodable, decode
from ..wire.document import Unreadable, edited
from ..wire.eventstream import EVENT_LIMIT
from ..wire.fields import all_values, with_fields
from ..wire.routes import Endpoint, endpoint_of, real_target
from .core import Core, is_reverse, pass_unchanged
from .guard import Faults, guarded
from .offloop import LARGE, decoded, worked


class HttpTurns:
    """Gives a POST to the backend its envelope, and listens to the response."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._passages: dict[str, Passage] = {}
        self._taps: dict[str, Tap] = {}

    @property
    def faults(self) -> Faults:
        """Where faults of the hooks are counted."""
        return self._core.faults

    @property
    def under_way(self) -> AbstractSet[str]:
        """The ids of the flows whose turns have left and not come to their end."""
        return self._passages.keys()

    @guarded
    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and is_reverse(flow) and self._core.host_of(flow):
            flow.request.path = real_target(flow.request.path)

    @guarded
    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        endpoint = endpoint_of(flow.request.path)
        if flow.live and endpoint and flow.request.method == "POST" and (host := self._core.host_of(flow)):
            return self._send(flow, host, endpoint)
        return None

    @guarded
    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.live and flow.response and flow.response.status_code != 101 and self._is_heard(flow):
            flow.response.stream = True  # whatever happens to the listeners, the response does not wait
            tap = self._taps[flow.id] = self._tap(flow, flow.response)
            flow.response.stream = tap.__call__  # a method is called with less ado than an object

    @guarded
    def response(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    @guarded
    def error(self, flow: http.HTTPFlow) -> None:
        self._close(flow)

    async def _send(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> None:
        """Work out the turn's envelope and commit it. What cannot be read passes unchanged."""
        try:
            await self._seal(flow, host, endpoint)
        except (Undecodable, Unreadable) as reason:
            pass_unchanged(flow, reason)

    async def _seal(self, flow: http.HTTPFlow, host: str, endpoint: Endpoint) -> None:
        """Do so. Raises Undecodable or Unreadable before anything is changed."""
        request = flow.request
        if request.stream or request.raw_content is None:
            raise Unreadable("stream_large_bodies had it sent before it was read")
        text = await decoded(request.raw_content, _coding(request), self._core.settings.body_limit)
        news = self._core.bodies.news(text) if len(text) >= LARGE else 0
        body, turn = await worked(news, lambda: self._read(text, request, host, endpoint))
        self._core.bodies.remember(body, turn.reading)
        passage = self._core.continuity.begin(turn, self._core.settings)
        encoded = len(text) if _coding(request).strip() else 0
        content = await worked(encoded, lambda: _sealed(request, passage.envelope, body))
        _commit(request, passage.envelope, content)
        self._passages[flow.id] = passage
        self._core.sent(flow, passage, request.timestamp_end or time.time())
        self._core.hold(flow, passage, lambda: self._reread(request, host, endpoint))

    def _read(self, text: bytes, request: http.Request, host: str, endpoint: Endpoint) -> tuple[Body[Reading], Turn]:
        """Return a request's body, and the turn that it is. Raises Unreadable."""
        body, sender = self._core.bodies.read(text), read_sender(request.headers.fields)
        turn = read_turn(
            sender,
            body.document,
            transport="http",
            host=host,
            endpoint=endpoint,
            known=body.made,
            same_frame=body.same_frame,
        )
        return body, turn

    def _reread(self, request: http.Request, host: str, endpoint: Endpoint) -> tuple[object, Turn]:
        """Return all of a request that counts, and the turn that it is now. Raises Undecodable or Unreadable."""
        text = decode(request.raw_content or b"", _coding(request), self._core.settings.body_limit)
        body, turn = self._read(text, request, host, endpoint)
        return (body.text, request.headers.fields), turn

    def _is_heard(self, flow: http.HTTPFlow) -> bool:
        """Tell whether a response must not wait in the proxy: the backend's, and any event stream."""
        return _is_event_stream(flow.response) or self._core.host_of(flow) is not None

    def _tap(self, flow: http.HTTPFlow, response: http.Response) -> Tap:
        """Return what keeps a copy of a response, and for a turn reads its outcome."""
        reader = None
        if passage := self._passages.get(flow.id):
            with contextlib.suppress(Undecodable):
                reader = reader_of(response, passage, lambda: self._core.end(passage, time.time()))
        return Tap(self._core.settings.view_limit, self._note_fault, reader)

    def _note_fault(self, error: Exception) -> None:
        self.faults.note("reading a response", error)

    def _close(self, flow: http.HTTPFlow) -> None:
        """End a turn that has not ended by itself, and put what was streamed where it can be seen and saved."""
        if passage := self._passages.pop(flow.id, None):
            self._core.end(passage, time.time())
        if tap := self._taps.pop(flow.id, None):
            body = tap.taken()
            if flow.response and flow.response.raw_content is None:
                flow.response.raw_content = body


def _sealed(request: http.Request, envelope: Envelope, body: Body[Reading]) -> bytes | None:
    """Return a request's new content, None where it stays as it is."""
    if not envelope.put and not envelope.drop:
        return None
    return _encoded(edited(body.text, body.members, drop=envelope.drop, put=envelope.put), _coding(request))


def _commit(request: http.Request, envelope: Envelope, content: bytes | None) -> None:
    """Write what was worked out."""
    fields = envelope.fields
    if content is not None:
        if all_values(fields, "content-length"):
            fields = with_fields(fields, {"content-length": str(len(content))})
        request.raw_content = content
    request.headers.fields = tuple(fields)


def _is_event_stream(response: http.Response | None) -> bool:
    return response is not None and response.headers.get("content-type", "").lower().startswith("text/event-stream")


def reader_of(response: http.Response, passage: Passage, on_finished: Callable[[], None]) -> Reader:
    """Note how a turn's response begins, and return what reads the rest. Raises Undecodable.

    A turn ends with its last event, not with its connection: then `on_finished` is called, perhaps more than once.
    """
    passage.outcome.status = response.status_code
    passage.outcome.challenge = _is_challenge(response)
    passage.first_byte_at = response.timestamp_start
    return reader_for(
        passage.outcome,
        coding=_coding(response),
        event_stream=_is_event_stream(response),
        limit=EVENT_LIMIT,
        on_finished=on_finished,
    )


def _is_challenge(response: http.Response) -> bool:
    """Tell whether a page came that asks for a browser (router-for-me/CLIProxyAPI#3626)."""
    return all_values(response.headers.fields, "cf-mitigated") == ["challenge"]


def _coding(message: http.Message) -> str:
    return ", ".join(all_values(message.headers.fields, "content-encoding"))


def _encoded(body: bytes, coding: str) -> bytes:
    return encoding.encode(body, coding) if coding.strip() else body
