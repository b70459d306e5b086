"""What is written about a turn. Ids appear as pseudonyms only.

| module             | what it holds                                                            |
|--------------------|--------------------------------------------------------------------------|
| `journal`          | one JSON object a line; ids as short keyed hashes, the pseudonyms        |
| `counter_names`    | the names of the counters in the journal                                 |
| `first_words`      | how long a conversation's first words are, to find it by                 |
| `prompt_parts`     | the parts of a prompt: unchanged, edited, dropped, new                   |
| `turn_summary`     | the JSON summary of a turn that its flow carries                         |
| `first_difference` | where two prompts first differ, and what kind of text differs there      |
| `terminal`         | one line a turn, the closing summary, the status page                    |
| `response_facts`   | what served a turn, how it ended and its rate limits, for its page       |
| `repair_lines`     | what was repaired of a turn, on its page                                 |
| `turn_page`        | everything known about one turn, as text                                 |
| `tables`           | turns and conversations as tables                                        |
| `compare`          | any two turns, compared                                                  |
"""
