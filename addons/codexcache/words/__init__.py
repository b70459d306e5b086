"""Words: what is said of a turn, as text, and where ids are made unrecognisable.

| room          | what it knows                                               |
|---------------|-------------------------------------------------------------|
| `fingerprint` | ids, so that they can be told apart without being shown     |
| `journal`     | one JSON object a line                                      |
| `line`        | one line for a terminal                                     |
| `summary`     | what many turns come to                                     |
| `portrait`    | what a flow carries of its turns                            |
| `excerpt`     | where two prompts part, and what kind of text differs there |
| `difference`  | the first difference, as text                               |
| `layout`      | text for a width: wrapped, cut, in columns                  |
| `signature`   | a prompt's parts as a strip, with the break marked          |
| `advice`      | what to do about each verdict                               |
| `page`        | all that is known of one turn, as text                      |
| `overview`    | turns and conversations as tables                           |
| `comparing`   | any two turns, compared                                     |
| `status`      | how the addon is set and what it has seen, as text          |
"""
