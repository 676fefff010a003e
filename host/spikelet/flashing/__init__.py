"""Flashes boards: chooses, stages, tries, activates files."""
