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
| `exposure`    | who can reach the proxy, and what guards it                          |
| `guard`       | faults of ours: the traffic passes, the fault is said once           |
| `excerpt`     | where two prompts part, and what kind of text differs there          |
| `signature`   | a prompt's parts as a strip, with the break marked                   |
| `advice`      | what to do about each verdict                                        |
| `page`        | all that is known of one turn, as text                               |
| `overview`    | turns and conversations as tables                                    |
| `comparing`   | any two turns, compared                                              |
| `status`      | how the addon is set and what it has seen, as text                   |
| `lookup`      | what prompts say, looked up in the flows when somebody asks          |
| `view`        | the content view "Codex cache"                                       |
| `redraw`      | how the console is kept from showing an old page                     |
| `commands`    | `codex.why`, `codex.diff` and the other commands                     |
| `hold`        | turns that are held before they leave                                |
| `redact`      | credentials, and how they are taken out of flows                     |
| `export`      | copies of flows that can be passed on                                |
| `addon`       | mitmproxy's hooks, a few lines each                                  |

The rooms that know mitmproxy are thin; no other room reads a clock or does I/O.
"""

__version__ = "0.1.0"
