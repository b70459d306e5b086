"""The launcher: one command around any client, which gets a proxy of its own for as long as it runs.

| room          | what it knows                                                    |
|---------------|------------------------------------------------------------------|
| `usage`       | what is said to `--help`                                         |
| `arguments`   | what stands before and after `--`                                |
| `plain`       | the proxy by itself, where there is no command                   |
| `upstream`    | the proxy that the user already had                              |
| `environment` | what the client gets to know, from what the user's shell knows   |
| `trust`       | whom to trust: the user's or the system's CAs, and the proxy's   |
| `signals`     | which signals are ours to pass on                                |
| `terminal`    | the terminal's settings, for a client that did not put them back |
| `proxy`       | mitmproxy, in a session of its own                               |
| `refusal`     | why the proxy did not come to listen                             |
| `within`      | what runs inside mitmproxy: it reports, and sees that it ends    |
| `client`      | the client as a process, in the launcher's own place             |
| `kinds`       | what a command is: Codex, Node, Python                           |
| `codex`       | Codex's background server, which would go its own way            |
| `reasons`     | why no turn arrived                                              |
| `farewell`    | what is said at the end                                          |
| `launcher`    | all of it, in order                                              |

`usage`, `arguments`, `upstream`, `environment`, `refusal`, `reasons` and `farewell` are pure.
"""
