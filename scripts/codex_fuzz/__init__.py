"""Hostile input: what must hold of every parser whatever it is fed, and the fuzzer that looks for what breaks it.

| module    | what it holds                                                                         |
|-----------|---------------------------------------------------------------------------------------|
| `oracles` | what must hold, one check for each parser: bytes in, an AssertionError where not      |
| `inputs`  | words, choices and pieces, and seeds with a few edits, as hypothesis draws them       |
| `seeds`   | inputs that mean something, from the tests' corpus                                    |
| `targets` | the table of the parsers: name, check, seeds                                          |
| `guided`  | the fuzzer that libFuzzer's coverage guides (atheris), one process a target           |
| `bombs`   | texts that are hard to read, of any size                                              |
| `growth`  | time at four times the size over time at the size, in CPU time, of all that read them |
"""
