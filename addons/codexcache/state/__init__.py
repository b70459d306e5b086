"""What lasts: which conversation is known by what, and what its latest turns were, over restarts and for a whole team.

| module         | what it holds                                                                                  |
|----------------|------------------------------------------------------------------------------------------------|
| `store`        | what a store is: get, put, clear; and which one an address names                               |
| `sqlite_store` | a file, which several proxies can use at once                                                  |
| `redis_store`  | a Redis or Valkey server, for the proxies of a team                                            |
| `vault`        | names and values as they are stored: under the local secret                                    |
| `codec`        | turns as bytes, and back                                                                       |
| `keeper`       | reads while a turn waits for a moment, writes behind its back, and stays out of the way of faults |

`turn` and `diagnosis` know nothing of it: what comes from a store is put into their memories as if it had been seen.
"""
