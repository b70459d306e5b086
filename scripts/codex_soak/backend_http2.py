"""HTTP/2 at the backend: each stream is answered once its request has ended."""

import asyncio
from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded
from h2.exceptions import ProtocolError

from codex_soak import answers

_READ = 1 << 17


async def serve_http2(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, numbers: Iterator[int]) -> None:
    """Serve a connection to its end; `numbers` are those of the turns."""
    wire = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    wire.initiate_connection()
    requests: dict[int, dict[bytes, bytes]] = {}
    while True:
        writer.write(wire.data_to_send())
        await writer.drain()
        data = await reader.read(_READ)
        if not data:
            return
        try:
            for event in wire.receive_data(data):
                _take(event, wire, requests, numbers)
        except ProtocolError:
            return


def _take(event: Event, wire: H2Connection, requests: dict[int, dict[bytes, bytes]], numbers: Iterator[int]) -> None:
    if isinstance(event, RequestReceived):
        requests[event.stream_id] = dict(event.headers)
    elif isinstance(event, DataReceived):
        wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
    elif isinstance(event, StreamEnded):
        request = requests.pop(event.stream_id)
        compact = request[b":path"].endswith(b"/compact")
        _send(wire, event.stream_id, answers.answer(next(numbers), request[b"soak"].decode(), compact=compact))


def _send(wire: H2Connection, stream: int, answer: answers.Answer) -> None:
    """Send an answer; all of them are smaller than what a client takes at once."""
    wire.send_headers(stream, [(":status", str(answer.status)), ("content-type", answer.content_type)])
    for piece in answer.pieces:
        wire.send_data(stream, piece)
    if answer.ends:
        wire.end_stream(stream)
