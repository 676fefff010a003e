"""The ways to reach a board: catalogue, ports, raw REPL, virtual boards."""
