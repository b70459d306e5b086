"""The fault suite: things break on a schedule, and what a client sees is compared with a proxy without the addon.

| room        | what it knows                                                           |
|-------------|-------------------------------------------------------------------------|
| `arguments` | what can be asked for                                                   |
| `catalogue` | all faults, in their order                                              |
| `fault`     | what a fault is, and how often it is repeated                           |
| `backend`   | faults of the backend                                                   |
| `clients`   | faults of clients                                                       |
| `journals`  | faults of the journal                                                   |
| `lifetimes` | the addon reloaded, the proxy ended                                     |
| `turns`     | the turns that are sent                                                 |
| `talk`      | a client's connection, whatever is spoken on it                         |
| `speech`    | a turn over HTTP, and turns over a WebSocket                            |
| `seen`      | what a client saw, and what of it must be the same each time            |
| `ordinary`  | the turns that go on beside a fault                                     |
| `arm`       | a backend, a proxy and a folder for all that they write                 |
| `program`   | one `mitmdump`: what it says, and how it ends                           |
| `probe`     | the addon that counts a proxy's tasks, and has ours remember little     |
| `footprint` | a proxy's memory, descriptors and tasks, and when they have come back   |
| `ledger`    | which turns have to be in the journal, and how often they are           |
| `scene`     | one fault at one arm                                                    |
| `perform`   | one fault at both arms, and what came of it                             |
| `outcome`   | what came of a fault                                                    |
| `results`   | the result file                                                         |
| `table`     | what is printed                                                         |
| `limits`    | how many descriptors may be open                                        |
"""
