"""Codex Continuity: the layers, in the order of their imports.

| module          | what it holds                                                              |
|-----------------|----------------------------------------------------------------------------|
| `verdicts`      | the table of verdicts: names, precedence, meaning, advice, colours         |
| `options`       | the options, parsed once                                                   |
| `text`          | text made safe to show, numbers in words, lines of a given width           |
| `static_frozen` | dataclasses that mypy alone keeps from being changed                       |
| `install_hints` | what this mitmproxy lacks, and the command that adds it                    |
| `wire`          | header fields, content encodings, event streams, routes                    |
| `body`          | JSON bodies: in-place edits, incremental parsing, the body cache           |
| `turn`          | one turn: parsed request, cache key, edits, parsed response                |
| `repair`        | bytes that a predecessor sent, sent again where they say the same          |
| `diagnosis`     | why a turn missed the cache: its predecessor, the differences, the verdict |
| `output`        | what is written about a turn: journal, terminal, page, tables              |
| `state`         | the store: what outlives the process, and what a team shares               |
| `hooks`         | mitmproxy's hooks, and what keeps them from doing harm                     |
| `report`        | the report: rows, statistics, charts, one HTML page                        |
| `console`       | the content view, the commands, held turns, redacted export                |
| `telemetry`     | export to an OpenTelemetry collector                                       |
| `addon`         | the addon object: builds the parts above and registers them                |

A module imports only from its own layer or from earlier ones. `wire` to `output` know
no proxy, no clock and no file. The `__init__` of each folder lists its modules.
"""

__version__ = "0.2.0"
