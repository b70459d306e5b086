"""Bytes on the wire: header fields, content encodings, event streams, routes.

| module             | what it holds                                                     |
|--------------------|-------------------------------------------------------------------|
| `routes`           | which hosts, paths and messages are turns of the Codex backend    |
| `headers`          | header fields as bytes: read by name, edited in place             |
| `content_encoding` | decoders for zstd, gzip, br and deflate, with a size limit        |
| `sse`              | a server-sent event stream, split into events as its bytes arrive |
"""
