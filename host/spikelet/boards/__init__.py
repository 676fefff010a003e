"""The ways to reach a board: catalogue, ports, REPL, virtual boards."""
