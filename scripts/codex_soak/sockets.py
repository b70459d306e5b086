"""WebSocket: several turns over one connection, each a frame."""

import websockets

from codex_soak.lines import HOST, PATH, Address, Fields, Reply, tls

_LARGEST = 1 << 24  # bytes of a message


class Socket:
    """An open WebSocket."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection

    async def say(self, frame: bytes, *, leave: bool) -> Reply:
        """Send a turn and read its answer; with `leave`, hang up once the answer has begun."""
        reply = Reply(200)
        await self._connection.send(frame, text=True)
        while not reply.finished:
            reply.read_event(await self._connection.recv(decode=False))
            if leave:
                self._connection.transport.abort()
                break
        return reply

    async def close(self) -> None:
        """Say goodbye."""
        await self._connection.close()


async def open_socket(address: Address, fields: Fields) -> Socket:
    """Open a WebSocket through the proxy."""
    connection = await websockets.connect(
        f"wss://{HOST}{PATH}",
        ssl=tls(address, "http/1.1"),
        proxy=f"http://127.0.0.1:{address.port}",
        additional_headers=fields,
        user_agent_header=None,
        ping_interval=None,
        max_size=_LARGEST,
    )
    return Socket(connection)
