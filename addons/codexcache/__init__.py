"""The rooms of Codex Continuity, in the order in which a turn walks through them.

What a turn is, and which key it gets:

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `settings`    | the options, parsed once                                             |
| `routes`      | which hosts, paths and messages are turns of the Codex backend       |
| `fields`      | header fields as bytes: read by name, edited in place                |
| `coding`      | content codings, under a size limit                                  |
| `document`    | a JSON body: what it says, and edits that touch nothing else         |
| `bodies`      | bodies read in the light of earlier ones: only what is new is parsed |
| `caller`      | who sends a turn                                                     |
| `values`      | which strings can be a key, and what the others become               |
| `items`       | the items of an input, as the model sees them                        |
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

Why a turn missed:

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `prompt`      | a prompt's parts, which the backend's cache can tell apart           |
| `columns`     | the items of a prompt, small enough to be remembered                 |
| `record`      | what is remembered of a turn                                         |
| `history`     | the turns that are remembered, bounded                               |
| `predecessor` | which of them a turn goes on with                                    |
| `changes`     | what is different between a turn and its predecessor                 |
| `names`       | the verdicts by name, in their order of precedence                   |
| `case`        | what a verdict is based on                                           |
| `checks`      | the causes, as an ordered table                                      |
| `verdict`     | the verdict on a turn, or what it is heading for                     |
| `explain`     | the engine: told what is sent and what has ended                     |
| `desk`        | where turns are handed in and findings are handed out                |
| `finding`     | all that is said of one turn                                         |
| `fingerprint` | ids, so that they can be told apart without being shown              |

What is said of it, and where:

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `visible`     | a stranger's words, made harmless before they are shown              |
| `journal`     | one JSON object a line                                               |
| `line`        | one line for a terminal                                              |
| `summary`     | what many turns come to                                              |
| `portrait`    | what a flow carries of its turns                                     |
| `telling`     | line, mark, comment and journal, as findings come                    |
| `recall`      | turns read back from saved flows                                     |
| `captures`    | saved captures, explained in the order of time                       |
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
| `report`      | the report as a page: rows, figures, drawing, template               |
| `reports`     | `codex.report`                                                       |
| `telemetry`   | a turn in the words of OpenTelemetry                                 |
| `otlp`        | the SDK that exports it                                              |
| `outage`      | an exporter that fails, said once                                    |
| `otel`        | the option `codex_otel`                                              |

What stands towards mitmproxy:

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `core`        | what the hooks share                                                 |
| `httpturns`   | turns over HTTP, and every event stream                              |
| `socketturns` | turns over WebSocket                                                 |
| `tunnel`      | which TLS connections are opened                                     |
| `arrivals`    | what arrives at the proxy, and what a client needs that refuses it   |
| `fragments`   | a repair of how mitmproxy cuts a rewritten WebSocket message         |
| `health`      | settings that would quietly make the addon useless                   |
| `exposure`    | who can reach the proxy, and what guards it                          |
| `guard`       | faults of ours: the traffic passes, the fault is said once           |
| `installing`  | how to add a package that is missing                                 |
| `addon`       | options, start and end; it holds the rooms with the hooks            |

The rooms that know mitmproxy are thin; of the others, only `fingerprint` and `journal` touch a file, and none has a
clock.
"""

__version__ = "0.1.0"
