"""What people use in mitmproxy's console and in mitmweb.

| module            | what it holds                                                       |
|-------------------|---------------------------------------------------------------------|
| `lookup`          | the texts of prompts, looked up in the flows when somebody asks     |
| `view`            | the content view "Codex cache"                                      |
| `dropped_content` | the page and exports of a flow whose bodies were dropped            |
| `commands`        | `codex.why`, `codex.diff`, `codex.report` and the other commands    |
| `keys`            | keys of the console for the commands, examples of filters           |
| `alerts`          | what is said at the start, at the first miss, and of a held turn    |
| `hold`            | turns that are held before they leave                               |
| `redact`          | credentials, removed from flows; copies of flows that can be shared |
"""
