"""One turn: a request for a model response, from its header fields and body to the end of its response.

| module            | what it holds                                                            |
|-------------------|--------------------------------------------------------------------------|
| `caller`          | who sends a turn: the principal of the bearer token, else the account    |
| `key_values`      | which strings can be a key, and how others are hashed into one           |
| `items`           | the items of an input, normalised to what the model sees                 |
| `prompt`          | a prompt, split into the parts that the backend's cache tells apart      |
| `item_list`       | the items of a prompt as shared append-only arrays of digests and sizes  |
| `request`         | the parsed request of a turn                                             |
| `key_memory`      | the keys of earlier conversations and responses, bounded                 |
| `cache_key`       | the sources of a key, in order of precedence                             |
| `rewrite`         | the edits of headers and body to apply                                   |
| `response`        | the parsed response: id, echoed key, usage, error, output items          |
| `rejected_params` | parameters that the backend rejected, and what follows                   |
| `stream`          | the observer of a response stream, which never alters or delays it       |
| `record`          | what is stored of a turn for later comparisons                           |
| `exchange`        | one request and response with their state; the entry point of this layer |
| `websocket`       | one WebSocket: its handshake and the turns on it                         |
"""
