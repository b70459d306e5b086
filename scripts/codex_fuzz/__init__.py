"""Hostile input: what must hold of every parser whatever it is fed, and the fuzzer that looks for what breaks it."""
