"""Hostile input: what must hold of every parser whatever it is fed, and who feeds it.

| room           | what it knows                                                                    |
|----------------|----------------------------------------------------------------------------------|
| `oracles`      | what must hold, one check for each parser: bytes in, an AssertionError where not |
| `given`        | a fuzzer's bytes, taken apart into choices and text                              |
| `seeds`        | inputs that mean something, from the tests' corpus, and words to put into them   |
| `targets`      | the table of the parsers: name, check, seeds                                     |
| `mutations`    | seeds with a few edits, as hypothesis draws them                                 |
| `guided`       | the fuzzer that libFuzzer's coverage guides (atheris)                            |
| `instrumented` | one target under libFuzzer                                                       |
| `patient`      | the fuzzer where atheris is missing: hypothesis, told what lines it has reached  |
| `findings`     | where a crash is kept, and how it is repeated                                    |
| `bombs`        | texts that are hard to read, of any size                                         |
| `works`        | the work that a text makes in the proxy                                          |
| `families`     | hostile inputs with those who have to read them                                  |
| `pace`         | time at four times the size over time at the size, in CPU time                   |
| `arguments`    | what can be asked for on the command line                                        |
"""
