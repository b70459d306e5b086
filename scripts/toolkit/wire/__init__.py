"""Clients and servers that control every byte, for tests and tools on loopback.

| module      | what is in it                                                                   |
|-------------|---------------------------------------------------------------------------------|
| `streams`   | TCP, CONNECT and TLS at both ends                                               |
| `http1`     | HTTP/1.1: requests as the caller's own bytes, responses read by h11             |
| `http2`     | HTTP/2 on h2, at the server's end                                               |
| `websocket` | WebSocket on wsproto, frame by frame                                            |
"""
