"""Bytes: what passes, read and cut without changing it.

| room          | what it knows                                                          |
|---------------|------------------------------------------------------------------------|
| `routes`      | which hosts, paths and messages are turns of the Codex backend         |
| `fields`      | header fields as bytes: read by name, edited in place                  |
| `coding`      | content codings, under a size limit                                    |
| `document`    | a JSON body: what it says, and edits that touch nothing else           |
| `body`        | a body read in the light of an earlier one: only what is new is parsed |
| `going_on`    | how it is read on from the earlier one                                 |
| `beginning`   | what a body begins with that is like no earlier one                    |
| `shelf`       | bodies that others may start with, and how one is found                |
| `bodies`      | the bodies that are remembered                                         |
| `eventstream` | an event stream, cut into events as its bytes arrive                   |
"""
