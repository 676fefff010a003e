"""Rows of weights as ulab has them, in plain Python."""


def add_rows(sums, rows, events):
    """Add a row to the sums for each event."""
    for i in events:
        sums += rows[i]
