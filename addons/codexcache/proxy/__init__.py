"""Hooks: what stands towards mitmproxy, thin.

| room          | what it knows                                                      |
|---------------|--------------------------------------------------------------------|
| `lifecycle`   | start and end of the addon, its options                            |
| `switchboard` | many rooms with hooks, one addon                                   |
| `core`        | what the hooks share                                               |
| `afterwards`  | what is done once the bytes have gone on                           |
| `httpturns`   | turns over HTTP, and every event stream                            |
| `handover`    | turns that are under way when the addon is loaded again            |
| `socketturns` | turns over WebSocket                                               |
| `tunnel`      | which TLS connections are opened                                   |
| `arrivals`    | what arrives at the proxy, and what a client needs that refuses it |
| `flows`       | the flows of turns, as long as somebody else holds them            |
| `onlookers`   | whether anybody can look at a flow                                 |
| `telling`     | line, mark, comment and journal, as findings come                  |
| `journalfile` | the journal's file                                                 |
| `secret`      | the secret of this machine, with which fingerprints are made       |
| `captures`    | saved captures, explained in the order of time                     |
| `recall`      | turns read back from saved flows                                   |
| `offloop`     | where the work on a large body is done                             |
| `fragments`   | a repair of how mitmproxy cuts a rewritten WebSocket message       |
| `health`      | settings that would quietly make the addon useless                 |
| `exposure`    | who can reach the proxy, and what guards it                        |
| `guard`       | faults of ours: the traffic passes, the fault is said once         |
"""
