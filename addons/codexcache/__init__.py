"""The rooms of Codex Continuity, in the order in which a turn walks through them.

| room         | what it knows                                                      |
|--------------|--------------------------------------------------------------------|
| `verdicts`   | the verdicts by name, in their order of precedence                 |
| `settings`   | the options, parsed once                                           |
| `wire`       | bytes: routes, header fields, codings, JSON bodies, event streams  |
| `turns`      | what a turn is, which key it gets, what its response said          |
| `causes`     | why a turn missed: the turn it goes on with, and what differs      |
| `words`      | what is said of a turn: line, page, table, journal                 |
| `visible`    | a stranger's words, made harmless before they are shown            |
| `phrases`    | numbers in words                                                   |
| `unchanging` | values that nothing changes, held to it by mypy alone              |
| `proxy`      | the hooks, and what keeps them from doing harm                     |
| `console`    | the content view, the commands, held turns, export                 |
| `telemetry`  | the turns in the words of OpenTelemetry                            |
| `report`     | the report as a page: rows, figures, drawing, template             |
| `installing` | how to add a package that is missing                               |
| `addon`      | start and end; it puts the rooms with the hooks together           |

Data flows one way: bytes in, turn, key, bytes out; events in, usage, verdict, words. `wire`, `turns` and `causes` name
no proxy and no clock, and no room before `proxy` touches a file. Each folder's own `__init__` says what is in it.
"""

__version__ = "0.1.0"
