"""Tools: what people use in mitmproxy's console and in mitmweb.

| room       | what it knows                                               |
|------------|-------------------------------------------------------------|
| `lookup`   | what prompts say, looked up in the flows when somebody asks |
| `room`     | how wide the text may be                                    |
| `view`     | the content view "Codex cache"                              |
| `redraw`   | how the console is kept from showing an old page            |
| `commands` | `codex.why`, `codex.diff` and the other commands            |
| `hold`     | turns that are held before they leave                       |
| `redact`   | credentials, and how they are taken out of flows            |
| `export`   | copies of flows that can be passed on                       |
| `reports`  | `codex.report`                                              |
"""
