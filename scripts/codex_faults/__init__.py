"""The fault suite: things break on a schedule, and what a client sees is compared with a proxy without the addon.

| module              | what is in it                                                         |
|---------------------|-----------------------------------------------------------------------|
| `catalogue`         | all faults, in their order                                            |
| `connection_faults` | faults of the backend and of clients                                  |
| `proxy_faults`      | faults of the journal, the addon reloaded, the proxy ended            |
| `fault`             | what a fault is, how often it is repeated, and what came of it        |
| `fault_run`         | one fault at one fixture, and the turns that go on meanwhile          |
| `requests`          | the turns that are sent                                               |
| `clients`           | turns over HTTP and over a WebSocket, read as far as the caller likes |
| `observation`       | what a client saw, and what of it must be the same each time          |
| `fixture`           | a backend, a proxy and a folder for all that they write               |
| `journal`           | which turns have to be in the journal, and how often they are         |
| `runner`            | one fault at both fixtures                                            |
| `output`            | what is printed and written                                           |
"""
