"""A sweep: one training for each combination of options."""
