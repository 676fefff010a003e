"""Reach boards: the catalogue, ports, the raw REPL and virtual boards."""
