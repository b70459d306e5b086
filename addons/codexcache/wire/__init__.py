"""Bytes: what passes, read and cut without changing it.

| room          | what it knows                                                        |
|---------------|----------------------------------------------------------------------|
| `routes`      | which hosts, paths and messages are turns of the Codex backend       |
| `fields`      | header fields as bytes: read by name, edited in place                |
| `coding`      | content codings, under a size limit                                  |
| `document`    | a JSON body: what it says, and edits that touch nothing else         |
| `bodies`      | bodies read in the light of earlier ones: only what is new is parsed |
| `eventstream` | an event stream, cut into events as its bytes arrive                 |
"""
