"""The benchmark: what this addon costs, next to the bare proxy and to an addon that parses and writes each body."""
