"""HTTP/2 to the proxy. The proxy speaks HTTP/1.1 to the backend, which offers nothing else."""

import asyncio

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset

from codex_soak.lines import HOST, Broken, Fields, Reply, hang_up

_READ = 1 << 16


class Http2:
    """A connection that has one turn at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._wire = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._wire.initiate_connection()

    async def post(self, path: str, fields: Fields, body: bytes, *, leave: bool) -> Reply:
        """Post a turn and read its answer; with `leave`, reset its stream once the answer has begun."""
        stream = self._wire.get_next_available_stream_id()
        pseudo = [(":method", "POST"), (":scheme", "https"), (":authority", HOST), (":path", path)]
        self._wire.send_headers(stream, [*pseudo, *fields, ("content-length", str(len(body)))])
        await self._send(stream, body)
        reply, text, ended = Reply(0), bytearray(), False
        while not ended:
            for event in await self._receive():
                ended = self._take(event, reply, text) or ended
            if leave and reply.status:
                self._wire.reset_stream(stream)
                await self._flush()
                return reply
        reply.read_body(bytes(text))
        return reply

    async def _send(self, stream: int, body: bytes) -> None:
        """Send a body, as much at a time as the proxy takes."""
        while body:
            room = min(self._wire.local_flow_control_window(stream), self._wire.max_outbound_frame_size)
            if room:
                self._wire.send_data(stream, body[:room], end_stream=room >= len(body))
                body = body[room:]
                await self._flush()
            else:
                await self._receive()

    def _take(self, event: Event, reply: Reply, text: bytearray) -> bool:
        """Take in what happened; return whether the answer has ended."""
        if isinstance(event, ResponseReceived):
            reply.status = int(dict(event.headers)[b":status"])
        elif isinstance(event, DataReceived):
            text += event.data
            self._wire.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, StreamReset):
            raise Broken(f"the proxy reset a stream: {event.error_code}")
        return isinstance(event, StreamEnded)

    async def _receive(self) -> list[Event]:
        await self._flush()
        data = await self._reader.read(_READ)
        if not data:
            raise Broken("the proxy hung up in the middle of a turn")
        events = self._wire.receive_data(data)
        await self._flush()
        return events

    async def _flush(self) -> None:
        self._writer.write(self._wire.data_to_send())
        await self._writer.drain()

    async def close(self) -> None:
        """Hang up after the last turn."""
        self._wire.close_connection()
        await self._flush()
        await hang_up(self._writer)
