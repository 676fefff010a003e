"""Many trainings side by side, and the best of them."""
