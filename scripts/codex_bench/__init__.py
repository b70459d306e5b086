"""The benchmark: what this addon costs, beside the bare proxy and beside an addon that parses and writes each body."""
