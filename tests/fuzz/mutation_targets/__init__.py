"""Readers that mutations.py tests; a module has seeds(), repaired(data) and check(data)."""

TARGETS = (
    "tables_of_networks",
    "archives_of_arrays",
    "journals_of_watches",
    "frames",
    "repl_answers",
)
