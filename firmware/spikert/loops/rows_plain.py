"""Add rows of weights to ulab's sums, in plain Python."""


def add_rows(sums, rows, events):
    """Add a row to the sums for each event."""
    for i in events:
        sums += rows[i]
