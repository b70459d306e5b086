"""Makes the environment, with any Python that is new enough and nothing else.

| room      | what it knows                                                         |
|-----------|-----------------------------------------------------------------------|
| `alone`   | two never make it at once: the second waits                           |
| `swap`    | the old one comes back unless the new one is whole                    |
| `install` | uv or pip, by the lock                                                |
| `locks`   | which locks there are, what they hold, and for whom they were made    |
| `ending`  | the signals that ask for an end                                       |
"""
