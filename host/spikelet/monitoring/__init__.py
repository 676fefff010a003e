"""A board over time: watch, live view, recorder."""
