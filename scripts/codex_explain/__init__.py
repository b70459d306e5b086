"""What Codex's own logs say of turns that missed the cache, without a proxy.

| module     | what it holds                                                                      |
|------------|------------------------------------------------------------------------------------|
| `rollouts` | the files: where they are, which thread each is of, which one continues another    |
| `lines`    | the lines of a file that say something of a turn, without those that do not        |
| `counters` | the counters of a response, in each of the two ways in which they are logged       |
| `history`  | the prompt of a thread, item by item                                               |
| `thread`   | the turns of one file: what was sent, and what came                                |
| `replay`   | all turns in the order of time, through the engine that explains live traffic      |
| `summary`  | what is printed                                                                    |
| `progress` | how much has been read, on a terminal                                              |

Codex (openai/codex, `rollout/src`) appends to a file for each thread, a "rollout", what it sends and receives. The
lines have changed with its versions; what is read here was seen in 0.98, 0.120, 0.130, 0.145, 0.155, 0.169 and 0.171.
"""
