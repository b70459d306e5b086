"""Why a turn missed the cache: its predecessor, what differs, and the verdict.

| module         | what it holds                                                             |
|----------------|---------------------------------------------------------------------------|
| `predecessor`  | which earlier turn a turn is compared with                                |
| `history`      | the finished turns that are remembered, found by prefix, bounded in bytes |
| `alignment`    | which items of an input stand for which of the predecessor's              |
| `edits`        | what was edited of an input, in words                                     |
| `prefix_edits` | what was edited of tools and instructions, in words                       |
| `prompt_diff`  | what differs between a turn and its predecessor                           |
| `rules`        | the rules of the verdicts; the verdict on a turn, or a prediction         |
| `diagnosis`    | the verdict, and everything known about one finished turn                 |
| `engine`       | what takes turns as they are sent and end, and hands out diagnoses        |
"""
