"""Repair: where a turn continues a conversation, the bytes that its predecessor sent are sent again.

Theory. The backend reads from its cache as far as a prompt begins with the bytes of an earlier one. A client that sends
the same tools in another order, the same schema with its members in another order, or the same instructions with
another time in them, says nothing new by that, and pays for the whole prompt again. The proxy has the bytes that the
backend got before. So it can send exactly those, wherever they say the same. Nothing is guessed: there is no rule of
how tools ought to be sorted or a date ought to be written; what is cached is sent again, or what the client sent.

Three repairs, each switched on by its name in `codex_repair`:

| repair | the client sends | the backend gets |
|---|---|---|
| tool_order | the same tools, each equal as JSON, in another order | the predecessor's bytes; new tools behind them |
| spelling | what was sent before, the same JSON in other bytes | the predecessor's bytes |
| volatile | instructions that differ in nothing but what changes by itself | the conversation's first ones |

`spelling` goes for tools, instructions, `text.format` and items of the input. `volatile` goes for instructions and for
the first developer message, and passes over dates, times, UUIDs, counters and temporary paths.

When it is done, all of these being so:

- the turn is not the official client's (`ClientHeaders.may_be_official`), and `codex_mode` is not `observe`;
- the turn continues an earlier one: it names that one's response, holds its answer, or extends its input
  (`turn/cache_key.py`). An input that is merely equal proves nothing, and two conversations that begin alike are two;
- that turn ended well, for the same model, and left as it was written here;
- its bytes are held. They are prompts, so they are held in memory alone; after a restart the next turn is the first.

When it ends:

| what happens | then |
|---|---|
| a tool was removed or edited | this turn's tools leave as they came, and the next turn's are compared with them |
| instructions differ in more, or in a date that is a day old | they leave as they came, and are the first from now on |
| an item differs | it and all behind it leave as they came: nothing behind it could be read |
| the backend refuses what was repaired, or says that it missed by it | the repair is over for the conversation |
| a person asks for it (`codex.release`) | all repairs are over for the conversation |

What is repaired is spliced into the client's bytes: everything else stays byte for byte what the client sent.

| module | what it holds |
|---|---|
| `spelling` | JSON by its bytes: elements, members, and whether two say the same |
| `tool_order` | a list of tools, arranged as an earlier one |
| `counters` | whether a number that is another one now counts, or says something else |
| `volatile` | what two texts differ in, and whether that may be passed over |
| `parts` | what is repaired of a turn, and what is said of the rest: how results add up |
| `items` | the items of an input, each compared with what was sent in its place |
| `plan` | what of a turn is repaired: the decisions, and what is spliced |
| `memory` | the bytes that turns left with, by conversation |
| `service` | a turn before it leaves, and after it has ended |
"""
