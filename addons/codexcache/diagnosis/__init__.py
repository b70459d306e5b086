"""Why a turn missed the cache: its predecessor, what differs, and the verdict.

| module         | what it holds                                                             |
|----------------|---------------------------------------------------------------------------|
| `match`        | a turn that another one is compared with, and how far both begin alike    |
| `predecessor`  | which earlier turn a turn is compared with                                |
| `similarity`   | what two turns have in common: ids, what they begin with, answers         |
| `index`        | what remembered turns are found by: prefixes, ids, heads and answers      |
| `history`      | the finished turns that are remembered, found by prefix, bounded in bytes |
| `alignment`    | which items of an input stand for which of the predecessor's              |
| `edits`        | what was edited of an input, in words                                     |
| `prefix_edits` | what was edited of tools and instructions, in words                       |
| `tokens`       | the tokens before a place in a prompt, and where in it a read ended       |
| `prompt_diff`  | what differs between a turn and its predecessor                           |
| `context`      | all that a verdict is based on                                            |
| `causes`       | which of several changes explains what was not read                       |
| `rules`        | the rules of the verdicts; the verdict on a turn, or a prediction         |
| `diagnosis`    | the verdict, and everything known about one finished turn                 |
| `learned`      | what turns show of pauses, of load and of shared keys, with their numbers |
| `patterns`     | causes that come again in a conversation or under a key, a sentence each  |
| `quotes`       | answers that a client quotes, as where it compacts a history by itself   |
| `repairs`      | what repair saved a turn, and what it would have saved another            |
| `engine`       | what takes turns as they are sent and end, and explains them              |
| `service`      | what ties the proxy's exchanges to the engine, and hands out diagnoses    |
"""
