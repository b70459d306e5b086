"""What lasts: which conversation is known by what, and what its latest turns were, over restarts and for a whole team.

`turn` and `diagnosis` know nothing of it: what comes from a store is put into their memories as if it had been seen.

| module         | what it holds                                                                    |
|----------------|----------------------------------------------------------------------------------|
| `store`        | what a store is: get, put, claim, clear                                          |
| `sqlite_store` | a file, which several proxies can use at once                                    |
| `redis_store`  | a Redis or Valkey server, for the proxies of a team                              |
| `vault`        | names and values as they are stored: under the local secret                      |
| `codec`        | turns as bytes, and back                                                         |
| `background_store` | a store in use: short reads while a turn waits, writes in the background, faults |
| `today`        | what the turns of a day came to, for a status line                               |
| `persistence`  | which turns go into the store, and how they come back                            |
"""
