"""JSON bodies: their parse, edits that touch nothing else, and parsing that reuses an earlier parse.

| module        | what it holds                                                         |
|---------------|-----------------------------------------------------------------------|
| `json_splice` | find the members of a JSON object in its text, and edit them in place |
| `incremental` | parse a body against a cached one with the same prefix                |
| `slices`      | parse a body that is like no cached one, a slice at a time            |
| `prefix`      | what is kept of the bytes that a body starts with: a digest           |
| `cache`       | the cached bodies, looked up by prefix and bounded in bytes           |
"""
