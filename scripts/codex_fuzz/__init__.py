"""Hostile input: what must hold of every parser whatever it is fed, and the fuzzer that looks for what breaks it.

| module          | what it holds                                                                    |
|-----------------|----------------------------------------------------------------------------------|
| `oracles`       | what must hold, one check for each parser: bytes in, an AssertionError where not |
| `data_provider` | a fuzzer's bytes, taken apart into choices and text                              |
| `seeds`         | inputs that mean something, from the tests' corpus                               |
| `targets`       | the table of the parsers: name, check, seeds                                     |
| `mutations`     | words to put into seeds, and seeds with a few edits, as hypothesis draws them    |
| `guided`        | the fuzzer that libFuzzer's coverage guides (atheris), one process a target      |
| `bombs`         | texts that are hard to read, of any size                                         |
| `readers`       | what reads such texts: the parsers, as the proxy and the report call them        |
| `growth`        | time at four times the size over time at the size, in CPU time                   |
"""
