"""One turn, from the header fields and the body of its request to the end of its response.

| module            | what it holds                                                              |
|-------------------|----------------------------------------------------------------------------|
| `caller`          | the sender: the principal of the bearer token, else the account            |
| `key_values`      | which strings can be a key, and how others are hashed into one             |
| `items`           | the items of an input, normalised to what the model sees                   |
| `shape`            | what changes in a text by itself, told by digests                          |
| `item_list`       | the items of prompts, as shared append-only arrays                         |
| `text_digest`     | a text as what it is compared by                                           |
| `prompt`          | a prompt, split into the parts that the backend's cache distinguishes      |
| `request`         | the parsed request of a turn                                               |
| `cache_key`       | the sources of a key in order of precedence, and the keys of earlier turns |
| `rewrite`         | the edits of a request's headers and body                                  |
| `response`        | the parsed response: id, echoed key, usage, error, output items            |
| `rate_limits`     | how much of an account's rate limits is used, as the backend tells it      |
| `rejected_params` | parameters that the backend rejected, and what follows                     |
| `stream`          | the observer of a response stream, which never alters or delays it         |
| `ledger`          | what a conversation's turns measured: tokens at the ends of inputs, habits |
| `repaired`        | what was repaired of a turn, for all that speak of it                      |
| `record`          | what is stored of a turn, for comparison with later ones                   |
| `conclusion`      | what is stored of how a turn ended                                         |
| `exchange`        | one request and response with their state; the entry point of this layer   |
| `websocket`       | one WebSocket: its handshake and the turns on it                           |
"""
