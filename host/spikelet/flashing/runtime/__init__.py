"""Selects the firmware modules for a board."""
