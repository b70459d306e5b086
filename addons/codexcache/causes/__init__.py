"""Causes: why a turn missed the cache, by comparison with the turn it goes on with.

| room          | what it knows                                         |
|---------------|-------------------------------------------------------|
| `history`     | the turns that are remembered, bounded                |
| `lines`       | rows of turns that go on with one another             |
| `shares`      | what remembered turns have in common, counted once    |
| `predecessor` | which of them a turn goes on with                     |
| `openings`    | which conversation a turn opens that has none         |
| `changes`     | what is different between a turn and its predecessor  |
| `case`        | what a verdict is based on                            |
| `checks`      | the causes, as an ordered table                       |
| `verdict`     | the verdict on a turn, or what it is heading for      |
| `explain`     | the engine: told what is sent and what has ended      |
| `desk`        | where turns are handed in and findings are handed out |
| `finding`     | all that is said of one turn                          |
"""
