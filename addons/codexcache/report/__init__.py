"""The report: one HTML page, made from journals, captures or the turns of a session.

| module          | what it holds                                                                     |
|-----------------|-----------------------------------------------------------------------------------|
| `load`          | journals: their lines, and the row of each, read with distrust                    |
| `totals`        | what turns come to: all, those of a mode, of a conversation, of a cause           |
| `aggregate`     | one pass over all lines that adds the turns up and forgets them                   |
| `processes`     | long journals, added up by several processes                                      |
| `captured`      | the turns of a saved capture, by the engine that explains live traffic            |
| `conversations` | the conversations that are drawn, with their turns, which are read again          |
| `comparison`    | modes side by side                                                                |
| `chart`         | the positions of everything in a conversation's chart                             |
| `page`          | the page itself (`page.html`, `page.css`, `page.js`)                              |

`captured` knows mitmproxy; no other module here does. Only `captured` and `load` read the user's files. The colours
and signs of verdicts come from the table in `verdicts`; all other style is in `page.css`.
"""
