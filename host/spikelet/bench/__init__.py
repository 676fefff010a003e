"""Costs on a board: cycles, memory, energy, comparison with an ANN."""
