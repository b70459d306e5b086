"""What people use in mitmproxy's console and in mitmweb.

| module     | what it holds                                                       |
|------------|---------------------------------------------------------------------|
| `lookup`   | the texts of prompts, looked up in the flows when somebody asks     |
| `view`     | the content view "Codex cache"                                      |
| `commands` | `codex.why`, `codex.diff`, `codex.report` and the other commands    |
| `hold`     | turns that are held before they leave                               |
| `redact`   | credentials, removed from flows; copies of flows that can be shared |
"""
