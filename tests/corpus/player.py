"""Plays a conversation as its client would send it, and returns what was found out about each turn.

Over HTTP each turn brings its whole input along. Over WebSocket a turn sends what is new, and names the response that
it extends, wherever the official client would (openai/codex, `core/src/client.rs`): all but the input is the same
as in the socket's last turn, and the input starts with that turn's input and answer. What was sent can be saved as
mitmproxy saves it, and read back.
"""

import asyncio
import io
import itertools
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import orjson
from codexcache.body.json_splice import Json, Object, edited, find_members
from codexcache.diagnosis.diagnosis import Diagnosis
from codexcache.diagnosis.service import DiagnosisService
from codexcache.hooks.capture_replay import CaptureReplay
from codexcache.hooks.state import State
from codexcache.options import Settings, default_settings
from codexcache.state.background_store import BackgroundStore, Work
from codexcache.state.persistence import Persistence
from codexcache.state.vault import Vault
from codexcache.turn.cache_key import CacheKey
from codexcache.turn.exchange import Continuity, Exchange, unchanged_exchange
from codexcache.turn.request import ReadTurn, Turn, read_client_headers, read_turn
from codexcache.turn.websocket import Backlog, Socket
from mitmproxy import http
from mitmproxy.flow import Flow
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow, tutils
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from support.diagnoses import raising
from support.saved import request
from support.turns import fields
from support.wire import COMPACT, RESPONSES
from wsproto.frame_protocol import Opcode

from corpus.talk import Answer, Case, Path, Step

_VAULT = Vault(b"secret")
_NOT_COMPARED = {"input", "client_metadata", "stream_options", "generate"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found out about a turn. Turns are counted from 1 through all starts of the proxy."""

    number: int
    predecessor: int | None
    diagnosis: Diagnosis


def play(case: Case, path: Path) -> list[Found]:
    """Return the findings of a conversation's turns, in their order."""
    player = Player(case, over_socket="websocket" in path)
    player.run()
    if not path.startswith("saved"):
        return _numbered([start.diagnoses for start in player.starts])
    saved = FlowReader(io.BytesIO(player.saved())).stream()
    return _numbered([asyncio.run(replayed(saved))])


def _numbered(starts: Sequence[Sequence[Diagnosis]]) -> list[Found]:
    """Return the findings of all starts in one order; each start counts its own turns from 1."""
    ordered = [sorted(diagnoses, key=lambda diagnosis: diagnosis.record.number) for diagnoses in starts]
    before = list(itertools.accumulate(map(len, ordered), initial=0))
    runs = {_run_name(place): count for place, count in enumerate(before)}
    return [
        Found(
            number=before[place] + diagnosis.record.number,
            predecessor=_sum(verdict.predecessor, runs[verdict.predecessor_run or _run_name(place)]),
            diagnosis=diagnosis,
        )
        for place, diagnoses in enumerate(ordered)
        for diagnosis in diagnoses
        for verdict in [diagnosis.verdict]
    ]


def _sum(number: int | None, before: int) -> int | None:
    return None if number is None else before + number


def _run_name(place: int) -> str:
    return f"start-{place}"


async def replayed(saved: Iterable[Flow]) -> list[Diagnosis]:
    """Return what is found in the flows of a capture."""
    state, diagnoses = State(), list[Diagnosis]()
    state.diagnosis_service.listeners.append(diagnoses.append)
    captures = CaptureReplay(state)
    for flow in saved:
        assert isinstance(flow, http.HTTPFlow)
        (captures.websocket_end if flow.websocket else captures.response)(flow)
    captures.play()
    assert state.errors.lines() == []
    return diagnoses


class _Held:
    """What a store holds, at once and in memory."""

    def __init__(self) -> None:
        self._held: dict[bytes, bytes] = {}

    def put(self, work: Work) -> None:
        self._held |= {name: value if isinstance(value, bytes) else value() for name, value in work(_VAULT).items()}

    def deadline(self) -> float:
        return 0.0

    async def get(self, names: Sequence[bytes], until: float | None = None) -> dict[bytes, bytes]:
        return {name: self._held[name] for name in names if name in self._held}


class _Start:
    """One start of the proxy, which knows what the store holds."""

    def __init__(self, name: str, store: _Held) -> None:
        self.diagnosis_service, self.diagnoses = DiagnosisService(raising), list[Diagnosis]()
        self.diagnosis_service.listeners.append(self.diagnoses.append)
        self.persistence = Persistence(self.diagnosis_service.engine.adopt)
        self.persistence.use(cast(BackgroundStore, store), _VAULT, name)
        self.continuity = Continuity(self.persistence.memory, self.persistence.rejected_params)
        self.state = State()
        self.wires: list[_Wire] = []

    def read(self, document: Object, read: ReadTurn) -> Turn:
        """Return a turn whose body is read as a hook reads it: what extends an earlier body is parsed apart."""
        body, turn = self.state.read_turn(orjson.dumps(document), read)
        self.state.edit(body, turn, unchanged_exchange(turn))
        return turn

    def begin(self, turn: Turn, settings: Settings, last: CacheKey | None) -> Exchange:
        """Look up what the store knows of a turn, as a hook does, and return its exchange."""
        if looking_up := self.persistence.look_up(turn):
            asyncio.run(_done(looking_up))
        return self.continuity.begin(turn, settings, last)


async def _done(looking_up: Awaitable[None]) -> None:
    await looking_up


@dataclass(kw_only=True)
class _Wire:
    """One socket: what is known of it, which turn was its last, and what passed over it."""

    flow: str
    socket: Socket
    step: Step
    last: Step | None = None
    messages: list[WebSocketMessage] = field(default_factory=list)
    ended_at: float | None = None


class Player:
    """Sends the turns of a conversation in the order of time, each as it was begun and as it ended."""

    def __init__(self, case: Case, *, over_socket: bool) -> None:
        self._talk, self._over_socket = case, over_socket
        self._settings = replace(default_settings(), mode=case.mode)
        self._exchanges: dict[int, Exchange] = {}
        self._requests: list[http.HTTPFlow] = []
        self._store = _Held()
        self.starts: list[_Start] = []

    def run(self) -> None:
        """Play all turns; one that ends at the moment at which another is sent ends first."""
        ends = [(step.ended_at, 0, step) for step in self._talk.steps]
        starts = [(step.at, 1, step) for step in self._talk.steps]
        for _, start, step in sorted([*ends, *starts], key=lambda event: (event[0], event[1], event[2].number)):
            self._send(step) if start else self._end(step)

    def saved(self) -> bytes:
        """Return what was sent and what came, as mitmproxy saves it."""
        file, wires = io.BytesIO(), [wire for start in self.starts for wire in start.wires]
        for flow in [*self._requests, *map(_socket_flow, wires)]:
            FlowWriter(file).add(flow)
        return file.getvalue()

    def _start(self, step: Step) -> _Start:
        """Return the start of the proxy to which a turn comes; a new one may find the store emptied."""
        if step.run > len(self.starts):
            self._store = self._store if step.remembers else _Held()
            self.starts.append(_Start(_run_name(len(self.starts)), self._store))
        return self.starts[step.run - 1]

    def _send(self, step: Step) -> None:
        if self._is_over_socket(step):
            wire = self._wire(step)
            frame = {"type": "response.create", **(_delta(step, wire.last) or step.body)}
            self._begin(step, frame, wire.socket.read_turn, wire)
        else:
            client_headers = read_client_headers(fields(step.headers))
            read = partial(read_turn, client_headers, transport="http", host=step.host, endpoint=step.endpoint)
            self._begin(step, step.body, read, None)

    def _begin(self, step: Step, document: Object, read: ReadTurn, wire: _Wire | None) -> None:
        start = self._start(step)
        exchange = start.begin(start.read(document, read), self._settings, wire.socket.last if wire else None)
        self._exchanges[step.number] = exchange
        if wire:
            exchange.response_info.status = 200
            wire.messages.append(WebSocketMessage(Opcode.TEXT, True, _body(document, exchange), step.at))
            wire.socket.begin(exchange, wire.messages[-1])
            wire.last = step
        flow = wire.flow if wire else f"flow-{step.number}"
        start.diagnosis_service.turn_sent(exchange, flow=flow, at=step.at)

    def _end(self, step: Step) -> None:
        exchange, answer, start = self._exchanges[step.number], step.answer, self._start(step)
        if self._is_over_socket(step):
            self._hear(step, self._wire(step))
        else:
            exchange.response_info.status, exchange.response_info.challenge = answer.status, answer.challenge
            for event in _events(step) if answer.status < 400 else ():
                exchange.response_info.read_event(event)
            if answer.status >= 400:
                exchange.response_info.read_body(_error_body(answer))
            self._requests.append(_request_flow(step, exchange))
        start.continuity.finish(exchange, self._settings)
        start.diagnosis_service.turn_ended(exchange, at=step.ended_at)
        start.persistence.save(exchange)

    def _hear(self, step: Step, wire: _Wire) -> None:
        """Take in the events of a turn's answer, or the end of its socket."""
        for event in _events(step):
            wire.socket.read_event(event, step.ended_at)
            wire.messages.append(WebSocketMessage(Opcode.TEXT, False, event, step.ended_at))
        if step.answer.lost:
            wire.ended_at = step.ended_at

    def _is_over_socket(self, step: Step) -> bool:
        return step.transport == "websocket" if step.transport else self._over_socket

    def _wire(self, step: Step) -> _Wire:
        """Return the open socket of a turn; another handshake needs another socket."""
        start = self._start(step)
        for wire in start.wires:
            same = (wire.step.socket, wire.step.headers, wire.step.host) == (step.socket, step.headers, step.host)
            if same and wire.ended_at in (None, step.ended_at):
                return wire
        client_headers = read_client_headers(fields(step.headers))
        handshake = start.continuity.open_socket(client_headers, self._settings)
        socket = Socket(client_headers=client_headers, host=step.host, backlog=Backlog(limit=0), handshake=handshake)
        start.wires.append(_Wire(flow=f"socket-{step.run}-{len(start.wires)}", socket=socket, step=step))
        return start.wires[-1]


def _delta(step: Step, last: Step | None) -> Object | None:
    """Return what is sent of a turn that extends its socket's last one, None where all has to be."""
    if last is None or step.full or last.answer.usage is None or _compared(step) != _compared(last):
        return None
    before = [*_input(last), *last.answer.outputs]
    if _input(step)[: len(before)] != before:
        return None
    return {**step.body, "previous_response_id": f"resp_{last.number}", "input": _input(step)[len(before) :]}


def _compared(step: Step) -> Object:
    return {name: value for name, value in step.body.items() if name not in _NOT_COMPARED}


def _input(step: Step) -> list[Json]:
    given = step.body["input"]
    return given if isinstance(given, list) else [{"role": "user", "content": given}]


def _events(step: Step) -> Iterator[bytes]:
    """Yield the events of an answer."""
    answer = step.answer
    response: Object = {"id": f"resp_{step.number}", "prompt_cache_key": answer.echoed_key, **_told(answer)}
    yield orjson.dumps({"type": "response.created", "response": response})
    if answer.status >= 400:
        yield orjson.dumps({"type": "error", "status": answer.status, **(answer.error or {})})
        return
    for item in answer.outputs:
        yield orjson.dumps({"type": "response.output_item.done", "item": item})
    if not answer.lost:
        yield orjson.dumps(_last_event(answer, response))


def _told(answer: Answer) -> Object:
    """Return what a response says of itself, as far as it does."""
    told: Object = {
        "model": answer.model,
        "service_tier": answer.tier,
        "prompt_cache_diagnostics": answer.diagnostics,
        "input_transformations": answer.transformations,
    }
    return {name: value for name, value in told.items() if value is not None}


def _last_event(answer: Answer, response: Object) -> Object:
    usage: Object = {"usage": answer.usage} if answer.usage else {}
    if answer.failed:
        return {"type": "response.failed", "response": {**response, **usage, **(answer.error or {})}}
    return {"type": "response.completed", "response": {**response, **usage}}


def _error_body(answer: Answer) -> bytes:
    return b"<html>Just a moment...</html>" if answer.challenge else orjson.dumps(answer.error)


def _body(document: Object, exchange: Exchange) -> bytes:
    """Return the body as it was forwarded."""
    edits = exchange.edits
    text = orjson.dumps(document)
    return edited(text, find_members(text, document), drop=edits.drop, put=edits.put)


def _request_flow(step: Step, exchange: Exchange) -> http.HTTPFlow:
    """Return a request and its answer as they are saved."""
    answer, error = step.answer, step.answer.status >= 400
    path = COMPACT if step.endpoint == "compact" else RESPONSES
    kind = "text/html" if answer.challenge else "application/json" if error else "text/event-stream"
    challenge = {"cf-mitigated": "challenge"} if answer.challenge else {}
    stream = b"".join(b"data: " + event + b"\n\n" for event in _events(step))
    flow = tflow.tflow(
        req=_request(step, exchange.forwarded, "POST", path, _body(step.body, exchange)),
        resp=tutils.tresp(
            status_code=answer.status,
            headers=http.Headers(fields({"content-type": kind, **challenge})),
            content=_error_body(answer) if error else stream,
            timestamp_start=step.ended_at,
            timestamp_end=step.ended_at,
        ),
    )
    flow.live = False
    return flow


def _request(step: Step, forwarded: Iterable[Any], method: str, path: str, content: bytes) -> http.Request:
    sent = [(b"host", step.host.encode()), *forwarded]
    return request(method, path, content, sent, host=step.host, at=step.at)


def _socket_flow(wire: _Wire) -> http.HTTPFlow:
    """Return a WebSocket as it is saved."""
    forwarded = [*wire.socket.handshake.fields, (b"upgrade", b"websocket")]
    flow = tflow.tflow(req=_request(wire.step, forwarded, "GET", RESPONSES, b""), resp=tutils.tresp(status_code=101))
    flow.websocket = WebSocketData(messages=wire.messages, timestamp_end=wire.ended_at)
    flow.live = False
    return flow
