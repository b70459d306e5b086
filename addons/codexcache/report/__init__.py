"""The report: one page, made from journals, captures or the turns of a session.

| room            | what it knows                                                          |
|-----------------|------------------------------------------------------------------------|
| `rows`          | one line of a journal, read with distrust                              |
| `journals`      | whole journals: their rows, and how many lines could not be read       |
| `captured`      | the rows of a saved capture, by the engine that explains live traffic  |
| `vocabulary`    | what each verdict means, and the group in which it is drawn            |
| `conversations` | rows put together into conversations; the tokens that were re-sent     |
| `figures`       | totals, causes, and modes beside each other                            |
| `timeline`      | where everything stands in a conversation's drawing                    |
| `wording`       | shares, spans and times, as a page with much of them shows them        |
| `page`          | all of it on one page (`page.html`, `page.css`, `page.js`)             |

`captured` knows mitmproxy; no other room does. Only `captured` and `journals` read files of the user's.
"""
