"""What must hold of each parser, whatever bytes it is fed.

| module    | what it checks                                                                         |
|-----------|----------------------------------------------------------------------------------------|
| `bodies`  | a body is edited in its edited members alone, and means the same after an earlier one  |
| `streams` | events and codings do not depend on where chunks are cut                               |
| `turns`   | header fields, tokens, turns and frames                                                |
| `files`   | journals, pages made of them, captures                                                 |
| `shown`   | whatever is shown of a turn can neither steer a terminal nor be taken for code         |
"""
