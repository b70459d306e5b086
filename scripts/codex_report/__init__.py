"""The report from the command line: one page of journals, captures and HARs."""
