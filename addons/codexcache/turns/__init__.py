"""Turns: what one is, which key it gets, and what its response said.

| room         | what it knows                                                     |
|--------------|-------------------------------------------------------------------|
| `caller`     | who sends a turn                                                  |
| `values`     | which strings can be a key, and what the others become            |
| `items`      | the items of an input, as the model sees them                     |
| `prompt`     | a prompt's parts, which the backend's cache can tell apart        |
| `columns`    | the items of a prompt, small enough to be remembered              |
| `turn`       | one turn, read from headers and body                              |
| `memory`     | conversations and responses that are remembered, bounded          |
| `keys`       | the ladder: which key a turn gets, and from where                 |
| `envelope`   | what is written to headers and body                               |
| `outcome`    | what a response said: id, echoed key, usage, error                |
| `errors`     | the shapes in which the backend says what went wrong              |
| `refusal`    | which member of the body the backend refused, and what follows    |
| `tap`        | the listener on a response that never alters or delays it         |
| `record`     | what is remembered of a turn                                      |
| `continuity` | one turn's way through all of the above, without mitmproxy        |
| `sockets`    | one WebSocket: its handshake, its turns, what is kept for viewing |
"""
