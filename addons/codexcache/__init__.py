"""The rooms of Codex Continuity, in the order in which a turn walks through them.

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `settings`    | the options, parsed once                                             |
| `routes`      | which hosts, paths and messages are turns of the Codex backend       |
| `fields`      | header fields as bytes: read by name, edited in place                |
| `coding`      | content codings, under a size limit                                  |
| `document`    | a JSON body: what it says, and edits that touch nothing else         |
| `caller`      | who sends a turn                                                     |
| `values`      | which strings can be a key, and what the others become               |
| `items`       | the input's items: normal form, chained digests, the opening         |
| `turn`        | one turn, read from headers and body                                 |
| `memory`      | conversations and responses that are remembered, bounded             |
| `keys`        | the ladder: which key a turn gets, and from where                    |
| `envelope`    | what is written to headers and body                                  |
| `eventstream` | an event stream, cut into events as its bytes arrive                 |
| `outcome`     | what a response said: id, echoed key, usage, error                   |
| `refusal`     | which member of the body the backend refused, and what follows       |
| `tap`         | the listener on a response that never alters or delays it            |
| `continuity`  | one turn's way through all of the above, without mitmproxy           |
| `sockets`     | one WebSocket: its handshake, its turns, what is kept for viewing    |
| `fragments`   | a repair of how mitmproxy cuts a rewritten WebSocket message         |
| `health`      | settings that would quietly make the addon useless                   |
| `guard`       | faults of ours: the traffic passes, the fault is said once           |
| `addon`       | mitmproxy's hooks, a few lines each                                  |

`fragments`, `health` and `addon` know mitmproxy; no other room does, none reads a clock,
and none does I/O.
"""

__version__ = "0.1.0"
