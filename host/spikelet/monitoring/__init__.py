"""Follows a board over time: watch, live view, recorder."""
