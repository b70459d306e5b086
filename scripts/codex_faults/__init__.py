"""The fault suite: things break on a schedule, and what a client sees is compared with a proxy without the addon.

| module           | what is in it                                                             |
|------------------|---------------------------------------------------------------------------|
| `catalogue`      | all faults, in their order                                                |
| `fault`          | what a fault is, how often it is repeated, and what came of it            |
| `backend_faults` | faults of the backend                                                     |
| `client_faults`  | faults of clients                                                         |
| `journal_faults` | faults of the journal                                                     |
| `proxy_faults`   | the addon reloaded, the proxy ended                                       |
| `requests`       | the turns that are sent                                                   |
| `clients`        | turns over HTTP and over a WebSocket, read as far as the caller likes     |
| `observation`    | what a client saw, and what of it must be the same each time              |
| `background`     | the turns that go on during a fault                                       |
| `fixture`        | a backend, a proxy and a folder for all that they write                   |
| `footprint`      | a proxy's memory, descriptors and tasks, and whether they have come back  |
| `journal`        | which turns have to be in the journal, and how often they are             |
| `fault_run`      | one fault at one fixture                                                  |
| `runner`         | one fault at both fixtures                                                |
| `output`         | what is printed and written                                               |
"""
