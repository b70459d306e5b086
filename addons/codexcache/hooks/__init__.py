"""mitmproxy's hooks.

| module              | what it holds                                                                 |
|---------------------|-------------------------------------------------------------------------------|
| `errors`            | internal errors: the traffic passes, each kind is logged once and counted     |
| `deferred`          | work done after the bytes have been passed on, or in a thread                 |
| `state`             | what the hooks share                                                          |
| `store`             | the store that option codex_state names                                       |
| `repairing`         | turns repaired on their way out, where codex_repair names any repair          |
| `dispatch`          | calls the hooks of many parts, as one addon                                   |
| `messages`          | requests and responses as mitmproxy holds them                                |
| `http`              | turns over HTTP, and every event stream                                       |
| `late_edits`        | edits of a response that has been passed on, which are told of                |
| `websocket`         | turns over WebSocket                                                          |
| `tls`               | which TLS connections are decrypted                                           |
| `connection_stats`  | what arrives at the proxy, and what a client needs that refuses its CA        |
| `notify`            | terminal line, flow marker, journal, as diagnoses arrive; the local secret    |
| `kept_bodies`       | bodies of the oldest turns, which are dropped from a long list of flows       |
| `capture_reader`    | turns read from saved flows                                                   |
| `capture_replay`    | saved captures, explained in the order of time                                |
| `reload`            | turns in progress when the addon's file is reloaded                           |
| `config_checks`     | options that would quietly make the addon useless or the proxy open to others |
| `mitmproxy_patches` | a fix of how mitmproxy fragments an edited WebSocket message                  |
| `lifecycle`         | start and end of the addon, its options                                       |
"""
