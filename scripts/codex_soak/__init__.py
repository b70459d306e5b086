"""The soak: thousands of conversations in a few minutes, and a proxy that is afterwards as it was before.

| module         | what is in it                                                           |
|----------------|-------------------------------------------------------------------------|
| `plan`         | how much is played, and which bounds are made small for it              |
| `profiles`     | the kinds of clients: transport, identity, coding of the body           |
| `scenario`     | what happens in a conversation, step by step                            |
| `conversation` | its history, and the bodies and frames that a client sends of it        |
| `client`       | one client with one conversation                                        |
| `runner`       | many clients at the same time, in waves                                 |
| `counters`     | what the clients did, to be compared with the journal                   |
| `backend`      | the backend, a process of its own                                       |
| `answers`      | what the backend answers                                                |
| `samples`      | the state of the proxy at one moment                                    |
| `phases`       | backend and proxy started; samples before, during and after each wave   |
| `promises`     | which promises were kept                                                |
| `output`       | what is printed and written                                             |
"""
