"""Conversations by public libraries, each run as a module with the Python that the library is installed for.

The arguments are what the user says, turn by turn. Each turn's cached tokens are printed on a line of their own.
"""
