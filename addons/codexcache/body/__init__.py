"""JSON bodies: their parse, edits that touch nothing else, and parsing that reuses an earlier parse.

| module        | what it holds                                                         |
|---------------|-----------------------------------------------------------------------|
| `json_splice` | find the members of a JSON object in its text, and edit them in place |
| `incremental` | parse a body against a cached one with the same prefix                |
| `cache`       | the cached bodies, looked up by prefix and bounded in bytes           |
"""
