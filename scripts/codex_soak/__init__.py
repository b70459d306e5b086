"""The soak: thousands of conversations in a few minutes, and a proxy that is afterwards as it was before.

| module         | what is in it                                                           |
|----------------|-------------------------------------------------------------------------|
| `scenario`     | the kinds of clients, and what happens in a conversation, step by step  |
| `conversation` | its history, and the bodies and frames that a client sends of it        |
| `client`       | one client with one conversation                                        |
| `backend`      | the backend, a process of its own, and what it answers                  |
| `phases`       | all of it started; waves of clients; samples before, during and after   |
| `observed`     | the samples, what the clients did, and what is in the journal           |
| `promises`     | which promises were kept                                                |
| `output`       | what is printed and written                                             |
"""
