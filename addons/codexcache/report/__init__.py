"""The report: one HTML page, made from journals, captures or the turns of a session.

| module          | what it holds                                                                |
|-----------------|------------------------------------------------------------------------------|
| `load`          | journals: their rows, read with distrust, and how many lines were unreadable |
| `captured`      | the rows of a saved capture, by the engine that explains live traffic        |
| `conversations` | rows grouped into conversations; totals, causes, and modes compared          |
| `chart`         | the positions of everything in a conversation's chart                        |
| `page`          | the page itself (`page.html`, `page.css`, `page.js`)                         |

`captured` knows mitmproxy; no other module here does. Only `captured` and `load` read the user's files. The colours
and signs of verdicts come from the table in `verdicts`; all other style is in `page.css`.
"""
