"""The soak: thousands of conversations in a few minutes, and a proxy that is afterwards as it was before.

| room        | what it knows                                                        |
|-------------|----------------------------------------------------------------------|
| `plan`      | how much is played, and which bounds are made small for it           |
| `people`    | who the clients are: transport, identity, coding of the body         |
| `story`     | what happens in a conversation, turn by turn                         |
| `talk`      | what has been said in it, and the bodies and frames that say it      |
| `lines`     | HTTP/1.1 through the proxy, and what every client does to connect    |
| `http2`     | HTTP/2 to the proxy                                                  |
| `sockets`   | WebSocket                                                            |
| `agent`     | one conversation over its lines                                      |
| `crowd`     | many of them side by side                                            |
| `tally`     | what the clients did, to be compared with the journal                |
| `answers`   | what the backend answers                                             |
| `backend`   | the backend, a process of its own                                    |
| `backend_http2` | HTTP/2 there                                                     |
| `probe`     | the addon beside ours that looks at the proxy from within            |
| `census`    | what it counts there                                                 |
| `allocator` | what the C library's allocator has handed out                        |
| `memories`  | what our addon remembers, and its bounds                             |
| `watch`     | how the probe is asked                                               |
| `stage`     | backend and proxy, started and stopped                               |
| `course`    | before, while and after                                              |
| `slope`     | how much a figure grows a turn                                       |
| `verdict`   | which promises were kept                                             |
| `table`, `plot`, `results` | what is printed, drawn and written                    |
"""
