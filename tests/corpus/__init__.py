"""Labelled conversations: what clients sent, what the backend counted, and what has to be said of each turn.

| module       | what it holds                                                                 |
|--------------|-------------------------------------------------------------------------------|
| `talk`       | the way in which a conversation is written down                               |
| `labels`     | the labels of its turns                                                       |
| `texts`      | messages, calls and tools, and the tokens that they cost                      |
| `quiet`      | turns that need no explanation: hits, cold starts, refusals, absent counters  |
| `routing`    | misses by identity, routing and transport                                     |
| `prompts`    | misses by the prompt, and edits that are none                                 |
| `likely`     | misses by time, load and the server's side, and causes that overlap           |
| `reported`   | conversations that were named wrongly although their prompt only grew         |
| `reported_edits` | conversations that were named wrongly, whose prompt had changed           |
| `crowds`     | several conversations at once: who extends whom                               |
| `openings`   | conversations that begin alike                                                |
| `continuations` | what shows that a conversation goes on                                     |
| `counters`   | what the counters say: where a read ended                                     |
| `edits`      | edits by their kind                                                           |
| `compactions` | histories that were made shorter on purpose                                  |
| `pauses`     | time and load                                                                 |
| `served`     | what a response says of itself                                                |
| `habits`     | habits that explain nothing, patterns, blame and re-sent tokens               |
| `clients`    | what clients are known to do                                                  |
| `mixed`      | several things at once, or one that looks like another                        |
| `doubtful`   | changes that are there and are not the cause, or a part of it only            |
| `practice`   | sizes, pictures, pauses, gateways and servers of tools as they come           |
| `random_conversations` | random conversations whose causes are known                         |
| `player`     | plays a conversation over HTTP, over WebSocket and from a saved file          |

Texts and counters are made up; `texts` says what a token is. Each conversation names where such a one was seen.
"""

from corpus import (
    clients,
    compactions,
    continuations,
    counters,
    crowds,
    doubtful,
    edits,
    habits,
    likely,
    mixed,
    openings,
    pauses,
    practice,
    prompts,
    quiet,
    reported,
    reported_edits,
    routing,
    served,
    sessions,
)
from corpus.talk import Case

_MODULES = (
    quiet,
    routing,
    prompts,
    likely,
    reported,
    reported_edits,
    crowds,
    openings,
    continuations,
    counters,
    edits,
    habits,
    compactions,
    pauses,
    served,
    clients,
    sessions,
    mixed,
    doubtful,
    practice,
)

CASES: tuple[Case, ...] = tuple(case for module in _MODULES for case in module.CASES)
