"""The firmware modules that a board gets."""
